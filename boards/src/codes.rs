//! Codes of the diagnostics on reading chip files.

use quarrion_isa::diagnostic::CodeEntry;

/// Every code of this crate with its explanation.
pub const CODES: &[CodeEntry] = &[
    CodeEntry {
        code: "QC001",
        title: "The chip file can be found and read",
        explanation: "A chip is named by its entry in the catalogue (`chip list`) or by the path \
                      of a chip file, which is UTF-8 text of at most 256 KiB.",
    },
    CodeEntry {
        code: "QC002",
        title: "A chip file is RON",
        explanation: "Chip files are written in RON: `(name: value, …)` for groups, `{ key: value, \
                      … }` for maps, `[…]` for lists, bare names for choices, `//` for comments. \
                      The place where the text stops being RON is marked.",
    },
    CodeEntry {
        code: "QC003",
        title: "A name is given once",
        explanation: "RON itself lets a repeated key pass and keeps the last. Here it is an error: \
                      one of the two values would be silently lost.",
    },
    CodeEntry {
        code: "QC004",
        title: "A number is a finite number",
        explanation: "RON itself lets NaN and inf pass. Leave an entry out if its figure is \
                      unknown; what has no price is reported as `not modelled`.",
    },
    CodeEntry {
        code: "QC005",
        title: "Every field is known",
        explanation: "An unknown field is an error, not ignored: a misspelt limit would otherwise \
                      be no limit at all. The nearest known names are offered.",
    },
    CodeEntry {
        code: "QC006",
        title: "A value fits its field",
        explanation: "The field expects another kind of value: a whole number within limits, a \
                      decimal number, a text in quotes, one of several names, a list or a group of \
                      fields.",
    },
    CodeEntry {
        code: "QC007",
        title: "An edit names a value of the description",
        explanation: "`--set PATH=VALUE` changes one value: names with dots between them \
                      (`mesh.width`, `core_types.neuro.weights.widths[2]`), then `=`, then a RON \
                      value. A path that leads nowhere is an error that lists the nearest names.",
    },
    CodeEntry {
        code: "QC008",
        title: "Descriptions extend each other without a circle",
        explanation: "`extends` names the description that this one changes. A chain of such \
                      descriptions ends at one that extends nothing, after at most eight steps.",
    },
    CodeEntry {
        code: "QC013",
        title: "A cited source is listed",
        explanation: "A source may cite an entry of `sources` as `[key]`. The key must be there, \
                      in this file or in one that it extends.",
    },
    CodeEntry {
        code: "QC014",
        title: "A figure is overridden whole",
        explanation: "A source speaks for all of its figure. A derived file that changes one \
                      number and keeps the rest would put its own number under somebody else's \
                      name; so it gives the whole figure, source and standing included. (`--set` \
                      may change one number: it becomes `assumed`, with the edit as its source.)",
    },
    CodeEntry {
        code: "QC015",
        title: "Every needed field is given",
        explanation: "Fields without a sensible default must be given: a missing limit would \
                      otherwise be guessed.",
    },
    CodeEntry {
        code: "QC016",
        title: "Provenance names a value that is there",
        explanation: "An entry of `provenance` gives source and standing of the values at or below \
                      a path. A path that leads nowhere speaks of nothing.",
    },
    CodeEntry {
        code: "QC017",
        title: "A value to do without exists",
        explanation: "`without` lists paths that the derived description takes away from its base, \
                      such as prices that it does not model.",
    },
    CodeEntry {
        code: "QC018",
        title: "A scaling law follows a number of the description",
        explanation: "`scaling: [(parameter: PATH, exponent: e, source: …)]` multiplies a figure \
                      by (new / old)^e when a derived file or `--set` changes the parameter. The \
                      path must lead to a number.",
    },
    CodeEntry {
        code: "QC019",
        title: "The exponent of a scaling law lies from -8 to 8",
        explanation: "Figures follow parameters by powers such as 0.5, 1 or 2. A far larger \
                      exponent is a slip, and would soon leave what can be counted.",
    },
    CodeEntry {
        code: "QC071",
        title: "A price stayed although what it depends on changed",
        explanation: "The parameter was changed by a derived file or by `--set`, the price plainly \
                      depends on it, and the price names no scaling law for it. The result mixes a \
                      new chip with an old price: give the price a law or a new figure.",
    },
    CodeEntry {
        code: "QC093",
        title: "A figure followed its scaling law",
        explanation: "The parameter that the figure follows was changed, so the figure was \
                      multiplied by (new / old)^exponent as a decimal number and rounded once, \
                      into attojoules, picoseconds or picowatts. The stored description holds the \
                      scaled figure and says so in its source.",
    },
    CodeEntry {
        code: "QC094",
        title: "Values have no source",
        explanation: "Every figure should say where it comes from and what it rests on: measured, \
                      published, fitted or assumed. Values of your own chip belong under \
                      `provenance`, marked as assumed.",
    },
];
