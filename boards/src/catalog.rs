//! The chips and boards that come with Quarrion.

/// One description of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CatalogEntry {
    /// The name that commands take.
    pub name: &'static str,
    /// The chip file.
    pub text: &'static str,
}

/// Declares the catalogue from the data folder.
macro_rules! catalog {
    ($($name:literal),* $(,)?) => {
        /// Every description of the catalogue, by name.
        pub const CATALOG: &[CatalogEntry] = &[$(CatalogEntry {
            name: $name,
            text: include_str!(concat!("../data/", $name, ".ron")),
        }),*];
    };
}

catalog![
    "kapoho-bay",
    "loihi1",
    "loihi1-sanafe",
    "loihi2",
    "nahuku32",
    "odin",
    "pohoiki-springs",
    "truenorth",
];

/// The description with the name.
#[must_use]
pub fn find(name: &str) -> Option<&'static CatalogEntry> {
    CATALOG.iter().find(|entry| entry.name == name)
}
