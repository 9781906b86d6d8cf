//! The guards that one manifest declares and another lacks.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{ConfirmBy, EnvironmentPolicy, Manifest, Mask, Requirements};
use crate::names::{EnvName, ExtensionName, TimeLimit};

impl Manifest {
    /// Returns the fields of another manifest whose guards this one lacks, for one
    /// extension or for all. Secrets are not guards.
    pub fn lacks(&self, other: &Self, extension: Option<&ExtensionName>) -> Vec<String> {
        let has_log = |one: &Self| one.audit_log.is_some();
        let has_anchor = |one: &Self| {
            one.audit_log
                .as_ref()
                .is_some_and(|log| log.anchor.is_some())
        };
        let of_group = [
            ("banner", self.banner.is_some(), other.banner.is_some()),
            ("audit_log", has_log(self), has_log(other)),
            ("audit.anchor", has_anchor(self), has_anchor(other)),
        ];
        let lacking = of_group
            .into_iter()
            .filter(|(_, own, other)| *other && !own);
        let mut fields: Vec<_> = lacking.map(|(field, ..)| field.to_owned()).collect();
        let sections = other.sections.iter().map(|section| Some(&section.name));
        let extensions: Vec<_> = match extension {
            Some(_) => vec![extension],
            None => std::iter::once(None).chain(sections).collect(),
        };
        for extension in extensions {
            let other = Strictest::of(other, extension);
            for field in Strictest::of(self, extension).lacks(&other) {
                if !fields.contains(&field) {
                    fields.push(field);
                }
            }
        }
        fields
    }
}

/// What applies to one extension: the strictest of its group and its section.
#[derive(Default)]
struct Strictest<'m> {
    confirm: Option<ConfirmBy>,
    requires_env: BTreeMap<&'m EnvName, &'m str>,
    timeout: Option<Duration>,
    kill_after: Option<Duration>,
    environment: Option<EnvironmentPolicy>,
    mask: Mask,
}

impl<'m> Strictest<'m> {
    fn of(manifest: &'m Manifest, extension: Option<&ExtensionName>) -> Self {
        let section = extension.and_then(|name| manifest.section(name));
        let mut all = Self::default();
        all.add(&manifest.requirements);
        if let Some(section) = section {
            all.add(&section.requirements);
        }
        all
    }

    fn add(&mut self, one: &'m Requirements) {
        let shorter = |a: Option<Duration>, b: &Option<TimeLimit>| {
            let both = a.into_iter().chain(b.as_ref().map(TimeLimit::length));
            both.min()
        };
        self.confirm = self.confirm.max(one.confirm);
        self.environment = self.environment.max(one.environment);
        let variables = one.requires_env.iter();
        self.requires_env
            .extend(variables.map(|(name, value)| (name, value.as_str())));
        self.timeout = shorter(self.timeout, &one.timeout);
        self.kill_after = shorter(self.kill_after, &one.kill_after);
        self.mask = self.mask.max(one.mask);
    }

    fn lacks(&self, other: &Self) -> Vec<String> {
        let is_longer = |own: Option<Duration>, other: Option<Duration>| {
            other.is_some_and(|other| own.is_none_or(|own| own > other))
        };
        let is_weaker = |own: Option<EnvironmentPolicy>, other: Option<EnvironmentPolicy>| {
            own.unwrap_or_default() < other.unwrap_or_default()
        };
        let variables = other.requires_env.iter();
        let variables =
            variables.filter(|(name, value)| self.requires_env.get(*name) != Some(value));
        let variables = variables.map(|(name, _)| format!("requires_env.{name}"));
        let others = [
            ("confirm", self.confirm < other.confirm),
            ("timeout", is_longer(self.timeout, other.timeout)),
            ("kill_after", is_longer(self.kill_after, other.kill_after)),
            (
                "environment",
                is_weaker(self.environment, other.environment),
            ),
            ("mask", self.mask < other.mask),
        ];
        let others = others.into_iter().filter(|(_, is_lacking)| *is_lacking);
        let others = others.map(|(field, _)| field.to_owned());
        variables.chain(others).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use super::*;
    use crate::diagnostics::Source;
    use crate::manifest::parse;

    fn manifest(fields: &str) -> Manifest {
        let text = format!("schema_version = 1\ndescription = \"d\"\n{fields}");
        let source = Source::new(Path::new("m"), text.as_bytes()).unwrap();
        parse(&Arc::new(source)).unwrap()
    }

    fn lacks(own: &str, other: &str, extension: &str) -> Vec<String> {
        let name = extension.parse().ok();
        manifest(own).lacks(&manifest(other), name.as_ref())
    }

    const ALL: &str = "banner = \"b\"\nconfirm_by = \"name\"\ntimeout = \"1m\"\n\
        kill_after = \"1s\"\nenvironment = \"clean\"\naudit_log = \"/l\"\naudit.anchor = \"syslog\"\n\
        requires_env = { A = \"1\" }\n";

    #[test]
    fn the_same_or_more_guards_lack_nothing() {
        let more = "[extensions.x]\nconfirm = true\n";
        assert_eq!(lacks(ALL, ALL, ""), [""; 0]);
        assert_eq!(
            lacks(ALL, "confirm = true\ntimeout = \"2m\"\n", ""),
            [""; 0]
        );
        assert_eq!(lacks(&format!("confirm = true\n{more}"), more, ""), [""; 0]);
    }

    #[test]
    fn every_guard_that_is_absent_or_weaker_is_named() {
        let all = [
            "banner",
            "audit_log",
            "audit.anchor",
            "requires_env.A",
            "confirm",
            "timeout",
            "kill_after",
            "environment",
        ];
        assert_eq!(lacks("", ALL, ""), all);
        let weaker = ALL
            .replace("\"name\"", "\"key\"")
            .replace("1m", "2m")
            .replace("clean", "scrub")
            .replace("\"1\"", "\"2\"");
        assert_eq!(
            lacks(&weaker, ALL, ""),
            ["requires_env.A", "confirm", "timeout", "environment"]
        );
    }

    #[test]
    fn a_section_counts_for_its_extension() {
        let section = "[extensions.x]\nconfirm = true\n";
        for (extension, expected) in [("", 1), ("x", 1), ("y", 0)] {
            assert_eq!(lacks("", section, extension).len(), expected, "{extension}");
        }
        assert_eq!(lacks(section, "confirm = true\n", "x"), [""; 0]);
        assert_eq!(lacks(section, "confirm = true\n", ""), ["confirm"]);
    }
}
