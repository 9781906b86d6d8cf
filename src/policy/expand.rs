//! Follows a policy's schemas through all values that a manifest can have, as checking a
//! manifest does: how much work that is, and which kinds of value each schema checks.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::dialect::{Dialect, Target, subschemas, target};
use super::document::KeywordError;
use super::keywords::{KeywordScan, is_reference};
use super::pointer::JsonPointer;
use super::shape::{Kinds, Shape};
use crate::diagnostics::quoted;

/// The most schemas that a policy may have, each counted once for every way to it: a few
/// `$ref`s to schemas with a few `$ref`s become millions. A policy on a page has 50.
const STEPS_MAX: usize = 10_000;

/// The most schemas inside each other: checking a manifest recurses.
const DEPTH_MAX: usize = 200;

/// What checking a manifest with a policy takes.
#[derive(Debug, Default)]
pub(super) struct Expansion {
    /// Schemas, each once for every way to it, and the values that they list.
    pub(super) steps: usize,
    /// The kinds of value that each schema checks, by its location.
    pub(super) reached: BTreeMap<JsonPointer, Kinds>,
    /// References to nothing in this file.
    pub(super) unresolved: Vec<KeywordError>,
}

/// Fails if checking a manifest would take too long, or not end.
pub(super) fn expand(
    policy: &Value,
    dialect: Dialect,
    scan: &KeywordScan<'_>,
    shape: &Shape,
) -> Result<Expansion, KeywordError> {
    let mut walk = Walk {
        policy,
        dialect,
        scan,
        shape,
        around: Vec::new(),
        found: Expansion::default(),
    };
    let root = JsonPointer::default();
    walk.schema(&root, Shape::root(), 0)?;
    Ok(walk.found)
}

struct Walk<'p> {
    policy: &'p Value,
    dialect: Dialect,
    scan: &'p KeywordScan<'p>,
    shape: &'p Shape,
    /// The schemas around the current one.
    around: Vec<JsonPointer>,
    found: Expansion,
}

impl Walk<'_> {
    /// Follows a schema. Those around it that check the same value begin at `same`.
    fn schema(&mut self, at: &JsonPointer, kinds: Kinds, same: usize) -> Result<(), KeywordError> {
        let Some(Value::Object(schema)) = at.follow(self.policy) else {
            return Ok(());
        };
        if kinds.is_empty() {
            return Ok(());
        }
        self.count(schema, at)?;
        self.around.push(at.clone());
        for (name, value) in schema {
            let at = at.join(name);
            if let (true, Some(written)) = (is_reference(name), value.as_str()) {
                self.reference(&at, written, &kinds, same)?;
            }
            for below in subschemas(name, value, &at, self.dialect) {
                self.below(name, &below, &kinds, same)?;
            }
        }
        self.around.pop();
        self.found
            .reached
            .entry(at.clone())
            .or_default()
            .extend(kinds);
        Ok(())
    }

    fn count(&mut self, schema: &Map<String, Value>, at: &JsonPointer) -> Result<(), KeywordError> {
        let lists = schema.values().filter_map(Value::as_array);
        self.found.steps += 1 + lists.map(Vec::len).sum::<usize>();
        let (message, help) = if self.found.steps > STEPS_MAX {
            let message = format!("this policy has more than {STEPS_MAX} rules");
            (
                message,
                "each `$ref` counts all rules that it leads to: write fewer of them",
            )
        } else if self.around.len() > DEPTH_MAX {
            let message = format!("more than {DEPTH_MAX} schemas are inside each other");
            (message, "each `$ref` counts: write a simpler rule")
        } else {
            return Ok(());
        };
        Err(KeywordError::name(at.clone(), message).help(help))
    }

    fn below(
        &mut self,
        keyword: &str,
        at: &JsonPointer,
        kinds: &Kinds,
        same: usize,
    ) -> Result<(), KeywordError> {
        let name = at.0.last().map(String::as_str).unwrap_or_default();
        let kinds = match target(keyword) {
            Some(Target::Same) => return self.schema(at, kinds.clone(), same),
            Some(Target::Field) => self.shape.field(kinds, name),
            Some(Target::EveryField) => self.shape.every_field(kinds),
            Some(Target::Element) => self.shape.element(kinds),
            Some(Target::Name) => self.shape.names(),
            None => return Ok(()),
        };
        self.schema(at, kinds, self.around.len())
    }

    fn reference(
        &mut self,
        at: &JsonPointer,
        written: &str,
        kinds: &Kinds,
        same: usize,
    ) -> Result<(), KeywordError> {
        let targets = self.scan.targets(at, written);
        if targets.is_empty() && !is_metaschema(written) {
            let message = format!("{} is not found in this file", quoted(written));
            let error = KeywordError::value(at.clone(), message);
            let help = "refer to it by its place, such as `#/$defs/…`";
            self.found.unresolved.push(error.help(help));
        }
        for to in targets {
            if self.around.iter().skip(same).any(|around| *around == to) {
                let message = format!("{} leads back to itself", quoted(written));
                let help = "refer to a schema that does not contain this reference";
                return Err(KeywordError::value(at.clone(), message).help(help));
            }
            self.schema(&to, kinds.clone(), same)?;
        }
        Ok(())
    }
}

/// Whether a reference leads to a metaschema, which is built-in.
fn is_metaschema(written: &str) -> bool {
    let (_, host) = written.split_once("://").unwrap_or_default();
    host.starts_with("json-schema.org/")
}
