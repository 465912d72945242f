//! The rules that come with the toolkit.

/// A shipped rule: its name and its text, comments included.
#[derive(Clone, Copy, Debug)]
pub struct Shipped {
    /// The name, as in its `rule` line.
    pub name: &'static str,
    /// The text.
    pub text: &'static str,
}

macro_rules! shipped {
    ($($name:literal),* $(,)?) => {
        /// All of them, by name.
        pub const SHIPPED: &[Shipped] = &[$(Shipped {
            name: $name,
            text: include_str!(concat!("../../rules/", $name, ".rule")),
        }),*];
    };
}

shipped!["pairwise_stdp", "pes", "reward_stdp", "triplet_stdp"];

/// The shipped rule called `name`; a hyphen counts as an underscore.
#[must_use]
pub fn find(name: &str) -> Option<Shipped> {
    let name = name.replace('-', "_");
    SHIPPED.iter().copied().find(|shipped| shipped.name == name)
}
