//! The codes of messages about learning rules.

use crate::diagnostic::CodeEntry;

/// All codes of this part, in order.
pub const CODES: &[CodeEntry] = &[
    entry(
        "QP050",
        "an unknown factor",
        "The factors of a term are x0 and y0 (spikes), the declared traces x1, x2, y1, y2, y3, the synapse's w, d and declared t, the declared reward r, u0 to u15 (every 2^k epochs), integers and powers of two. The left side of a rule is dw, dd or dt.",
    ),
    entry(
        "QP051",
        "an exponent out of range",
        "A power is written 2^k with an integer k from -32 to 32, all powers of a term together as well. Chips have narrower limits, which their files state.",
    ),
    entry(
        "QP052",
        "not a sum of products",
        "A change is a sum of products, as chips compute it: every bracket holds one factor with a constant added to it, such as (w - 64), or stands in sgn(...). Multiply sums out.",
    ),
    entry(
        "QP053",
        "a term that is always zero",
        "A product with the factor 0 changes nothing, so it is a mistake in the text.",
    ),
    entry(
        "QP054",
        "something declared twice",
        "There is one epoch, one declaration of each trace, of tag and reward, and one sum for each of dw, dd and dt.",
    ),
    entry(
        "QP055",
        "a declaration out of range",
        "An epoch has 1 to 65535 steps; a trace is unsigned and has 1 to 16 bits; its impulse lies between 0 and its largest value, in steps of 2^-7; tau is 1 to 65535 steps and decay 0 to 4096 parts of 4096; tag and reward are signed and have 2 to 16 bits; a constant in a term has at most 16 bits.",
    ),
    entry("QP056", "a rule that changes nothing", "A rule has at least one of dw, dd and dt."),
    entry(
        "QP057",
        "a declaration that no term reads",
        "A trace, tag or reward that no term reads costs memory and time on the chip and does nothing. The rule still runs.",
    ),
    entry(
        "QP058",
        "a product that can exceed 63 bits",
        "The widths of a term's factors together stay within 60 bits, so that every product is exact before it is scaled.",
    ),
    entry(
        "QP060",
        "a chip without what the rule needs",
        "The chip's file states under `learning` how wide traces and tags are, how long an epoch may be, how many products a rule may have and which scales they may take; a core type without it does not learn.",
    ),
    entry(
        "QP061",
        "a reward that the neuron has not",
        "`reward r ... from compartment WORD` reads a state word or parameter of the target's neuron program, so that program must declare it.",
    ),
];

const fn entry(code: &'static str, title: &'static str, explanation: &'static str) -> CodeEntry {
    CodeEntry { code, title, explanation }
}
