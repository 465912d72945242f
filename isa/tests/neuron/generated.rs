//! Generated programs: both interpreters on texts that nobody wrote, and texts that are no
//! programs.

use std::collections::BTreeMap;

use proptest::prelude::{ProptestConfig, Strategy, any, prop, proptest};
use quarrion_isa::neuron::{NeuronProgram, library};

use crate::compare::{Coverage, Dice, Pair};

/// Writes random programs of legal shape; whether values stay in range is the checker's to say.
struct Writer<'a> {
    dice: &'a mut Dice,
    /// Names that an expression may read.
    names: Vec<String>,
    lines: Vec<String>,
}

impl Writer<'_> {
    fn pick(&mut self, from: &[&str]) -> String {
        let sides = u32::try_from(from.len()).expect("small");
        from[self.dice.below(sides) as usize].to_string()
    }

    fn leaf(&mut self) -> String {
        match self.dice.below(8) {
            0 => self.pick(&["0", "1", "-1", "7", "4095", "-4096", "65535", "8388607"]),
            1 => (i64::from(self.dice.below(2000)) - 1000).to_string(),
            2 => format!("rand({})", 1 + self.dice.below(32)),
            _ => {
                let at = self.dice.below(u32::try_from(self.names.len()).expect("small"));
                self.names[at as usize].clone()
            }
        }
    }

    fn expression(&mut self, depth: u32) -> String {
        if depth == 0 {
            return self.leaf();
        }
        let x = self.expression(depth - 1);
        let shift = i64::from(self.dice.below(24)) - 8;
        match self.dice.below(20) {
            0..=7 => {
                let op = self.pick(&[
                    "+", "-", "*", "&", "|", "<", "<=", ">", ">=", "==", "!=", "and", "or", "+",
                    "-", "-",
                ]);
                let y = self.expression(depth - 1);
                format!("(({x}) {op} ({y}))")
            }
            8 => format!("(({x}) << {shift})"),
            9 => format!("(({x}) >> {shift})"),
            10 => format!("(({x}) >> clip({}, -5, 9))", self.leaf()),
            11 => format!("shr_zero({x}, clip({}, 0, 40))", self.leaf()),
            12 => format!("dec({x}, clip({}, -4096, 4096))", self.leaf()),
            13 | 14 => {
                let bits = 1 + self.dice.below(40);
                let shape = self.pick(&["wrap", "wraphi"]);
                format!("{shape}{bits}({x})")
            }
            15 => {
                let function = self.pick(&["min", "max"]);
                format!("{function}({x}, {})", self.expression(depth - 1))
            }
            16 => {
                let function = self.pick(&["abs", "sign", "not ", "-"]);
                format!("({function}({x}))")
            }
            17 => format!("clip({x}, {}, {})", self.leaf(), self.leaf()),
            _ => {
                let (y, z) = (self.expression(depth - 1), self.expression(depth - 1));
                format!("sel({x}, {y}, {z})")
            }
        }
    }

    fn assignment(&mut self) -> String {
        let (state, before, after) = [
            ("s", "wrap24(", ")"),
            ("t", "wrap32(", ")"),
            ("f", "clip(", ", 0, 63)"),
            ("h", "wraphi20(", ")"),
        ][self.dice.below(4) as usize];
        let depth = 1 + self.dice.below(3);
        format!("{state} = {before}{}{after}", self.expression(depth))
    }

    fn statement(&mut self, indent: &str, depth: u32) {
        match self.dice.below(5) {
            0 => {
                let value = self.expression(3);
                let name = format!("x{}", self.lines.len());
                self.lines.push(format!("{indent}let {name} = {value}"));
                self.names.push(name);
            }
            1 if depth > 0 => {
                let condition = self.expression(2);
                self.lines.push(format!("{indent}when {condition} {{"));
                self.block(indent, depth);
                if self.dice.below(2) == 0 {
                    self.lines.push(format!("{indent}}} else {{"));
                    self.block(indent, depth);
                }
                self.lines.push(format!("{indent}}}"));
            }
            _ => {
                let assignment = self.assignment();
                self.lines.push(format!("{indent}{assignment}"));
            }
        }
    }

    fn block(&mut self, indent: &str, depth: u32) {
        let outer = self.names.len();
        for _ in 0..1 + self.dice.below(3) {
            self.statement(&format!("{indent}    "), depth - 1);
        }
        self.names.truncate(outer);
    }
}

fn write_program(dice: &mut Dice) -> String {
    let names = ["a", "b", "j", "s", "t", "f", "h", "g", "k", "c"].map(String::from).to_vec();
    let mut writer = Writer { dice, names, lines: Vec::new() };
    let header = "program generated\n\ninput a: s24 wrap\ninput b: u31 saturate\njoin j: s20 saturate\n\
                  state s: s24\nstate t: s32\nstate f: u6\nstate h: s21\n\
                  group g: -4096..4095\ngroup k: 0..2147483647\ncompartment c: -70000..70000\n";
    let active = writer.expression(1).replace("rand", "abs");
    for _ in 0..2 + writer.dice.below(4) {
        writer.statement("", 2);
    }
    let (payload, condition) = (writer.expression(2), writer.expression(2));
    writer.lines.push(format!("spike wrap32({payload}) when {condition} {{"));
    let assignment = writer.assignment();
    writer.lines.push(format!("    {assignment}\n}}"));
    let output = writer.expression(2);
    writer.lines.push(format!("output wrap32({output})"));
    for _ in 0..writer.dice.below(3) {
        writer.statement("", 1);
    }
    format!("{header}active when {active}\n\n{}\n", writer.lines.join("\n"))
}

#[test]
fn lane_equals_compartment_on_generated_programs() {
    let mut coverage = Coverage::default();
    let mut refused: BTreeMap<&str, u32> = BTreeMap::new();
    let mut run = 0;
    for seed in 0..1500 {
        let mut dice = Dice::new(seed);
        let text = write_program(&mut dice);
        let program = match NeuronProgram::parse(&text, "generated") {
            Ok(program) => program,
            Err(diagnostics) => {
                for diagnostic in diagnostics {
                    *refused.entry(diagnostic.code).or_default() += 1;
                }
                continue;
            }
        };
        let again = NeuronProgram::parse(program.text(), "print").expect("the print parses");
        assert!(again == program, "printed otherwise:\n{}", program.text());
        run += 1;
        let mut pair = Pair::new(&program, 40, &mut dice);
        for step in 0..4 {
            pair.step(step, &mut dice, &mut coverage);
        }
    }
    println!("{run} programs run, refused for {refused:?}; {coverage:?}");
    assert!(run > 500, "{run} programs");
    assert!(coverage.spikes > 10_000 && coverage.inactive > 1_000, "{coverage:?}");
    // Whatever is refused is refused for its ranges, not its grammar.
    assert!(refused.keys().all(|code| ["QP008", "QP015", "QP016"].contains(code)), "{refused:?}");
}

/// Texts of words and signs of the language in any order.
fn soup() -> impl Strategy<Value = String> {
    let words = "program input state group compartment active idle join output let when else spike and or not \
                 wrap saturate wrap24 wraphi9 dec clip sel min rand ( ) { } = == < << >> .. : , ; \
                 + - * & | s24 u6 0 1 4095 -9223372036854775807 x y v a # \n"
        .split(' ')
        .collect::<Vec<_>>();
    let word = (0..words.len()).prop_map(move |index| words[index].to_string());
    prop::collection::vec(word, 0..200).prop_map(|words| words.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 512,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        let _ = NeuronProgram::parse(&text, "any");
    }

    #[test]
    fn any_words_are_read_or_refused(text in soup()) {
        let _ = NeuronProgram::parse(&format!("program x\n{text}"), "soup");
    }

    #[test]
    fn a_damaged_text_is_read_or_refused(
        which in 0..library::SHIPPED.len(), at in any::<prop::sample::Index>(),
        cut in 0..40_usize, insert in "[-a-z0-9(){}=<>*+;\n ]{0,12}",
    ) {
        let text = library::SHIPPED[which].text;
        let start = at.index(text.len());
        let end = (start + cut).min(text.len());
        let damaged = format!("{}{insert}{}", &text[..start], &text[end..]);
        if let Ok(program) = NeuronProgram::parse(&damaged, "damaged") {
            let again = NeuronProgram::parse(program.text(), "print").expect("the print parses");
            assert!(again == program, "printed otherwise:\n{}", program.text());
        }
    }
}

#[test]
fn deep_and_long_texts_are_refused_not_overflowed() {
    let nested = format!("program x\nlet y = {}1{}", "(".repeat(20_000), ")".repeat(20_000));
    let minus = format!("program x\nlet y = {}1", "-".repeat(20_000));
    let chain = format!("program x\nlet y = 1{}", " + 1".repeat(10_000));
    let nots = format!("program x\nlet y = {}1", "not ".repeat(10_000));
    let blocks = format!("program x\n{}", "when 1 {\n".repeat(5_000));
    let long = format!("program x\n{}", "# filler\n".repeat(10_000));
    for text in [nested, minus, chain, nots, blocks, long] {
        let diagnostics = NeuronProgram::parse(&text, "deep").expect_err("refused");
        assert_eq!(diagnostics[0].code, "QP004", "{:.60}", text);
    }
}
