//! Fields that hold one of a few words.

use crate::providers::ProviderId;

/// A field that holds one of a few words.
pub(super) trait Choice: Copy + 'static {
    /// What a value is called in messages.
    const NOUN: &'static str;
    /// Every choice.
    const ALL: &'static [Self];

    /// Returns the word in a manifest.
    fn word(self) -> &'static str;
}

impl Choice for ProviderId {
    const NOUN: &'static str = "provider";
    const ALL: &'static [Self] = Self::ALL;

    fn word(self) -> &'static str {
        self.as_str()
    }
}

/// Declares a choice: variants with their texts and their words.
macro_rules! choice {
    ($(#[$doc:meta])* $name:ident $noun:literal { $($(#[$of:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
        #[derive(serde::Serialize, schemars::JsonSchema)]
        #[serde(rename_all = "kebab-case")]
        pub enum $name { $($(#[$of])* $variant,)* }

        impl $crate::manifest::choice::Choice for $name {
            const NOUN: &'static str = $noun;
            const ALL: &'static [Self] = &[$(Self::$variant,)*];

            fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }
    };
}

pub(super) use choice;
