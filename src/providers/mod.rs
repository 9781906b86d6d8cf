//! Where secret values come from: in this process ([`Local`]), or from a program, which
//! is a row of data ([`Row`]). To add a program: its row in `built_in`. To add a source in
//! this process: its file, and its row in [`LOCAL`].

mod argument;
mod batch;
mod built_in;
mod calls;
mod credential;
mod dotenv;
mod entry;
mod env;
mod fault;
mod file;
mod local_file;
mod output;
mod probe;
mod redactor;
mod reference;
mod row;
mod secret;
#[cfg(test)]
mod steps;
mod tool;
mod yaml;

use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::host::HostView;
use crate::names::SecretRef;

pub use argument::Argument;
pub use built_in::Tried;
pub use calls::{Fetching, Shared, Wanted, count};
pub use fault::ProviderFault;
pub use local_file::FileFault;
use local_file::without_line_end;
use output::Bytes;
pub use output::{AnswerFault, Output};
pub use probe::Probe;
pub use redactor::Redactor;
pub use reference::{Malformed, Parts, Shape};
pub use row::{
    BatchAnswer, BatchInput, Calls, FailRule, Many, Meaning, Program, Row, ToolEnvironment,
};
pub use secret::{Secret, Unusable};
pub use tool::{FoundTool, ToolContents};

/// One source of secret values.
#[derive(Debug, Clone)]
pub enum Provider {
    Local(&'static Local),
    Tool(Arc<Row>),
}

/// A source that calls no program.
#[derive(Debug)]
pub struct Local {
    /// As a manifest names it.
    pub name: &'static str,
    pub about: &'static str,
    /// The shape of its references.
    pub shape: &'static str,
    /// Returns what a reference must look like if this one is not valid.
    pub check: fn(&str) -> Result<(), String>,
    pub value: fn(&SecretRef, &dyn HostView) -> Result<Bytes, ProviderFault>,
    /// Whether its values are texts whose final line end no variable should have.
    pub ends_line: bool,
}

const LOCAL: [&Local; 4] = [
    &env::ENV,
    &file::FILE,
    &dotenv::DOTENV,
    &credential::CREDENTIAL,
];

impl Provider {
    /// The names of all built-in providers, in the order in which they should be
    /// considered.
    pub fn built_in() -> impl Iterator<Item = &'static str> {
        let tools = built_in::rows().map(|row| row.name);
        LOCAL.iter().map(|local| local.name).chain(tools)
    }

    pub fn named(name: &str) -> Option<Self> {
        if let Some(local) = LOCAL.iter().find(|local| local.name == name) {
            return Some(Self::Local(local));
        }
        let row = built_in::rows().find(|row| row.name == name)?;
        Some(Self::Tool(Arc::new((row.row)())))
    }

    /// What a built-in provider is.
    pub fn about(name: &str) -> Option<&'static str> {
        let local = LOCAL.iter().find(|local| local.name == name);
        let row = built_in::rows().find(|row| row.name == name);
        local.map(|local| local.about).or_else(|| Some(row?.about))
    }

    /// What the tests of a built-in provider call; none if it needs no program.
    pub fn tried(name: &str) -> Option<Tried> {
        let row = built_in::rows().find(|row| row.name == name)?;
        Some(row.tried)
    }

    /// A reference of a built-in provider that calls a program.
    pub fn example(name: &str) -> Option<&'static str> {
        let row = built_in::rows().find(|row| row.name == name);
        row.map(|row| row.example)
    }

    /// The shape of its references.
    pub fn shape(&self) -> &str {
        match self {
            Self::Local(local) => local.shape,
            Self::Tool(row) => row.shape.as_str(),
        }
    }

    pub fn name(&self) -> &str {
        match self {
            Self::Local(local) => local.name,
            Self::Tool(row) => &row.name,
        }
    }

    /// Returns what is wrong with a reference.
    pub fn check(&self, reference: &str) -> Result<(), String> {
        match self {
            Self::Local(local) => (local.check)(reference),
            Self::Tool(row) => row.check(reference).map_err(|malformed| {
                let example = Self::example(&row.name);
                let example = example.filter(|_| matches!(malformed, Malformed::Shape(_)));
                let such_as = example.map(|example| format!(", such as `{example}`"));
                format!("{malformed}{}", such_as.unwrap_or_default())
            }),
        }
    }

    pub fn tool(&self) -> Option<&Arc<Row>> {
        match self {
            Self::Local(_) => None,
            Self::Tool(row) => Some(row),
        }
    }

    /// The value, if no program is called for it: `exact`, or as a variable should have
    /// it.
    pub fn local(
        &self,
        reference: &SecretRef,
        exact: bool,
        view: &dyn HostView,
    ) -> Option<Result<Secret, ProviderFault>> {
        match self {
            Self::Local(local) => Some((local.value)(reference, view).map(|value| {
                Secret::new(if local.ends_line && !exact {
                    without_line_end(value)
                } else {
                    value
                })
            })),
            Self::Tool(_) => None,
        }
    }

    /// The variable that the value of a reference comes from, if it is one.
    pub fn variable<'r>(&self, reference: &'r SecretRef) -> Option<&'r str> {
        let is_env =
            matches!(self, Self::Local(local) if std::ptr::eq(*local, &raw const env::ENV));
        is_env.then_some(reference.as_str())
    }
}

/// A manifest has at most one provider of a name.
impl PartialEq for Provider {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Provider {}

impl Serialize for Provider {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::host::fake::World;

    #[test]
    fn only_a_variable_loses_a_line_end_and_only_that_of_a_file() {
        let world = World::new()
            .file("/home/ops/value", "v\n\n")
            .file("/home/ops/.env", "A=\"v\\n\\n\"\n")
            .var("CREDENTIALS_DIRECTORY", "/home/ops")
            .var("VALUE", "v\n\n");
        for (provider, reference, in_variable) in [
            ("file", "~/value", "v\n"),
            ("dotenv", "~/.env#A", "v\n"),
            ("credential", "value", "v\n"),
            ("env", "VALUE", "v\n\n"),
        ] {
            let provider = Provider::named(provider).unwrap();
            let value = |exact| {
                let value = provider.local(&reference.parse().unwrap(), exact, &world);
                value.unwrap().unwrap()
            };
            assert_eq!(value(false).bytes(), in_variable.as_bytes());
            assert_eq!(value(true).bytes(), b"v\n\n");
        }
    }

    #[test]
    fn every_built_in_provider_has_a_name_of_its_own() {
        let names: Vec<_> = Provider::built_in().collect();
        let distinct: BTreeSet<_> = names.iter().collect();
        assert_eq!(names.len(), distinct.len());
        for name in names {
            assert_eq!(Provider::named(name).unwrap().name(), name);
        }
    }
}
