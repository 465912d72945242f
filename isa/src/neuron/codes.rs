//! The codes of messages about neuron programs.

use crate::diagnostic::CodeEntry;

/// All codes of this part, in order.
pub const CODES: &[CodeEntry] = &[
    entry(
        "QP001",
        "a character without meaning",
        "The language is written in ASCII: names, integers, the signs << >> <= >= == != .. < > = + - * & | ( ) { } , : and `;`. `#` starts a comment. There is no division and no power operator: chips shift.",
    ),
    entry(
        "QP002",
        "not a number",
        "Numbers are integers below 2^63, written in decimal or after 0x in hexadecimal, with underscores where they help. Fractions are written as scaled integers, which is what the chip computes with.",
    ),
    entry(
        "QP003",
        "the text leaves the grammar",
        "The message says what could stand at the marked place. A text is `program NAME`, then declarations (input, join, state, group, compartment, active when, idle when), then statements, one a line.",
    ),
    entry(
        "QP004",
        "too large or too deep",
        "A text has at most 64 KiB and nests at most 64 deep, so that no text can exhaust memory or stack. Name parts of a long expression with `let`.",
    ),
    entry(
        "QP005",
        "an unknown name",
        "Every name is declared before it is used: state words, inputs and parameters at the top, values by `let`. A value named inside a block ends with the block.",
    ),
    entry(
        "QP006",
        "a name or condition given twice",
        "A name has one meaning in the whole program, and there is one `active when`, one `idle when` and one `join`.",
    ),
    entry(
        "QP007",
        "assignment to something that is no state word",
        "Only state words change. Inputs and parameters are given from outside; an intermediate value is named once with `let`.",
    ),
    entry(
        "QP008",
        "a value that can leave its state word",
        "The checker follows the range of every value. Where the value assigned can be outside the word's declared width, the text must say how it is narrowed, because chips differ there: wrapN, wraphiN or clip.",
    ),
    entry(
        "QP009",
        "a payload or output that can exceed 32 bits",
        "A spike's payload has at most 32 bits, and so has what a compartment puts out to the one that joins it. Narrow it with clip or wrap32.",
    ),
    entry(
        "QP010",
        "a width or range out of bounds",
        "A state word or input has 1 to 32 bits (31 if unsigned, so that it fits a signed 32-bit store); wrapN takes 1 to 63; a parameter's range lies inside signed 32 bits and goes from small to large.",
    ),
    entry(
        "QP011",
        "a default or initial value out of range",
        "A parameter's default lies in its range; a state word's initial value (a constant, or any value of the named parameter) fits the word.",
    ),
    entry(
        "QP012",
        "a program without statements",
        "A program that does nothing is a mistake in the text, so it is refused.",
    ),
    entry(
        "QP013",
        "a second spike or output, or one in a block",
        "A compartment sends at most one spike a timestep and puts out one value, and its condition stands in one place so that its price is known. Combine conditions with `or`, and choose the payload with `sel`.",
    ),
    entry(
        "QP014",
        "not a constant",
        "Ranges, defaults and the width of `rand` are constants; an initial value is a constant or a parameter.",
    ),
    entry(
        "QP015",
        "a value that can exceed 63 bits",
        "Expressions are computed in 64-bit registers; the checker refuses a text in which some value of the state, inputs and parameters could overflow them. Narrow an operand, or a parameter's range.",
    ),
    entry(
        "QP016",
        "a shift too far, or a draw in a condition",
        "Shifts go by -63 to 63 places (shr_zero by 0 to 63), for every value that the amount can take. `active when` and `idle when` are plain conditions: they draw nothing at random.",
    ),
    entry(
        "QP017",
        "a declaration that nothing uses",
        "A state word that is never assigned or read, an input, parameter or value that is never read: usually a slip of the pen. The program still runs.",
    ),
    entry(
        "QP018",
        "an unknown function",
        "The functions are dec, wrapN, wraphiN, clip, sel, min, max, abs, sign, shr_zero and rand; the manual gives each in one formula.",
    ),
    entry(
        "QP019",
        "the wrong number of arguments",
        "Each function takes a fixed number of arguments; the manual lists them.",
    ),
    entry(
        "QP020",
        "idle when is not true",
        "Where `idle when` holds, the update must change no state word, send no spike and count as inactive, so that skipping it changes nothing. The message shows values for which it does.",
    ),
    entry(
        "QP030",
        "an input value that the program cannot read",
        "Each input takes what its declared width holds, and a trace needs one value for each input and step.",
    ),
    entry(
        "QP031",
        "a parameter value that the program does not take",
        "Parameters are set by their names, inside the ranges that the program declares.",
    ),
    entry(
        "QP040",
        "a delivery setting out of range",
        "The arithmetic itself allows exponents of -32 to 32, input shifts up to 31 and accumulators of 2 to 32 bits; a chip's own limits are narrower and stand in its file.",
    ),
    entry(
        "QP041",
        "a sum that is scaled beyond 32 bits",
        "Where the weight exponent is applied to the sum, accumulator bits, exponent and input shift together stay within 32 bits, which is what an input holds.",
    ),
    entry(
        "QP042",
        "an input narrower than what delivery gives",
        "Every value that the accumulator can hold must lie in the declared width of the neuron program's input, for the program was checked with that width. Widen the input or narrow the accumulator.",
    ),
    entry(
        "QP043",
        "a weight width out of range",
        "A list stores 1 to 8 bits of weight on Loihi, 9 with mixed signs; fewer bits leave the low bits of every weight zero.",
    ),
];

const fn entry(code: &'static str, title: &'static str, explanation: &'static str) -> CodeEntry {
    CodeEntry { code, title, explanation }
}
