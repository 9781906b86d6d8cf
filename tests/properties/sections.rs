//! What a section, `[extensions.<name>]`, does to a plan: it only adds, and the order
//! of its lines does not matter.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;
use qli::testing::discovery::Roots;
use qli::testing::guard::{Answer, Guards, Plan, Request, first_refusal};
use qli::testing::host::HostView as _;

use crate::fake::World;

/// The guards of a group, or of a section.
#[derive(Debug, Clone)]
struct Requirements {
    confirm: Option<bool>,
    by_name: bool,
    minutes: Option<u8>,
    required: BTreeMap<String, String>,
    secrets: BTreeMap<String, bool>,
    /// The policy and what it keeps.
    environment: Option<(&'static str, Vec<String>)>,
    set: BTreeMap<String, String>,
}

fn requirements(names: &'static str, secrets: &'static str) -> impl Strategy<Value = Requirements> {
    (
        any::<Option<bool>>(),
        prop::bool::weighted(0.2),
        prop::option::of(1..4u8),
        prop::collection::btree_map(names, "[12]", 0..3),
        prop::collection::btree_map(secrets, any::<bool>(), 0..3),
        prop::option::of((
            prop::sample::select(vec!["inherit", "scrub", "clean"]),
            prop::collection::vec("A\\*?|LD_\\*|LD_A|C\\*", 0..3),
        )),
        prop::collection::btree_map("[EF]|LD_A", "[12]", 0..2),
    )
        .prop_map(
            |(confirm, by_name, minutes, required, secrets, environment, set)| Requirements {
                confirm,
                by_name,
                minutes,
                required,
                secrets,
                environment,
                set,
            },
        )
}

impl Requirements {
    /// The parts of a text that may be in any order: lines below its header, and tables.
    fn parts(&self, path: &str) -> (Vec<String>, Vec<String>) {
        let lines = self.confirm.map(|confirm| format!("confirm = {confirm}\n"));
        let by_name = self.by_name.then(|| "confirm_by = \"name\"\n".to_owned());
        let timeout = self
            .minutes
            .map(|minutes| format!("timeout = \"{minutes}m\"\n"));
        let environment = self.environment.iter().map(|(policy, keep)| {
            let keep = (*policy != "inherit").then(|| format!("keep = {keep:?}\n"));
            format!("environment = \"{policy}\"\n{}", keep.unwrap_or_default())
        });
        let set = self.set.iter();
        let set = set.map(|(name, value)| format!("set_env.{name} = \"{value}\"\n"));
        let lines = lines.into_iter().chain(by_name).chain(timeout);
        let lines = lines.chain(environment).chain(set);
        let required = self.required.iter();
        let required = required.map(|(name, value)| format!("{name} = \"{value}\"\n"));
        let required = required.collect::<Vec<_>>().concat();
        let secrets = self.secrets.iter().map(|(name, is_env)| {
            let (reference, provider) = if *is_env {
                (format!("CI_{name}"), "env")
            } else {
                (format!("op://v/{name}/f"), "one_password")
            };
            format!(
                "[[{path}secrets]]\nprovider = \"{provider}\"\ndeliver = \"file\"\nenv = \"{name}\"\nref = \"{reference}\"\n"
            )
        });
        let required = format!("[{path}requires_env]\n{required}");
        let tables = std::iter::once(required).chain(secrets);
        (lines.collect(), tables.collect())
    }
}

fn needs_confirmation(requirements: &Requirements) -> bool {
    requirements.confirm == Some(true) || requirements.by_name
}

/// A manifest's text, with its parts sorted by these numbers.
fn text(group: &Requirements, section: Option<&Requirements>, order: &[u32]) -> String {
    let (lines, mut tables) = group.parts("");
    if let Some(section) = section {
        let (own, below) = section.parts("extensions.hello.");
        tables.push(format!("[extensions.hello]\n{}", own.concat()));
        tables.extend(below);
    }
    let mut numbered: Vec<_> = tables.into_iter().zip(order.iter().cycle()).collect();
    numbered.sort_by_key(|(_, number)| **number);
    let tables: String = numbered.into_iter().map(|(table, _)| table).collect();
    format!("banner = \"B\"\n{}{tables}", lines.concat())
}

fn plan(world: &World) -> Option<Plan> {
    let request = Request {
        group: "g".parse().unwrap(),
        extension: "hello".parse().unwrap(),
        args: Vec::new(),
        roots: Roots::of(&[], world),
        answer: Answer::AskPerson,
    };
    Plan::of(&request, world).ok()
}

fn world(fields: &str, vars: &BTreeMap<String, String>) -> World {
    let world = World::new().manifest("g", fields).terminal("y");
    vars.iter()
        .fold(world, |world, (name, value)| world.var(name, value))
        .tool("op", 0, b"v\n", b"")
}

/// Every single requirement of a plan, as text.
fn all(plan: &Plan) -> Vec<String> {
    let Guards {
        banner,
        requires_env,
        confirm,
        secrets,
        audit_start,
    } = &plan.guards;
    let mut all: Vec<String> = Vec::new();
    all.extend(banner.iter().map(|one| format!("banner {}", one.text)));
    if let Some(confirm) = confirm {
        all.extend(confirm.name.iter().map(|_| "by name".to_owned()));
        all.push("confirm".to_owned());
    }
    let required = requires_env.iter().flat_map(|guard| &guard.wanted);
    all.extend(required.map(|one| format!("requires {} {}", one.name, one.value)));
    let secrets = secrets.iter().flat_map(|guard| &guard.wanted);
    all.extend(secrets.map(|one| format!("secret {} {}", one.env, one.reference.as_str())));
    all.extend(
        audit_start
            .iter()
            .map(|one| format!("log {}", one.log.path.display())),
    );
    all.sort_unstable();
    all
}

/// The variables that the script gets of qli's own, or that are set for it.
fn names(plan: &Plan, world: &World) -> BTreeSet<String> {
    let all = plan.spawn.environment.of(world.environment()).into_keys();
    all.map(|name| name.to_str().unwrap().to_owned()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn a_section_never_weakens_its_group(
        group in requirements("[AB]", "[ST]"),
        section in requirements("[ABC]", "[STU]"),
        vars in prop::collection::btree_map("[ABC]|CI_[STU]|LD_[AB]", "[12]", 0..8),
    ) {
        let alone = world(&text(&group, None, &[0]), &vars);
        let joined = world(&text(&group, Some(&section), &[0]), &vars);
        let Some(alone_plan) = plan(&alone) else {
            return Ok(()); // the group contradicts itself
        };
        // A section that contradicts its group makes no plan.
        if let Some(joined_plan) = plan(&joined) {
            let joined_requirements = all(&joined_plan);
            for one in all(&alone_plan) {
                prop_assert!(joined_requirements.contains(&one), "{one} is missing: {joined_requirements:?}");
            }
            for (name, value) in &section.required {
                let added = format!("requires {name} {value}");
                prop_assert!(joined_requirements.contains(&added));
            }
            prop_assert_eq!(
                joined_requirements.contains(&"confirm".to_owned()),
                needs_confirmation(&group) || needs_confirmation(&section)
            );
            let minutes = [group.minutes, section.minutes];
            let shortest = minutes.into_iter().flatten().min();
            let shortest = shortest.map(|minutes| Duration::from_mins(minutes.into()));
            prop_assert_eq!(joined_plan.limits.lengths().timeout, shortest);
            for name in names(&joined_plan, &joined) {
                let is_set = joined_plan.spawn.environment.set.iter().any(|one| one.name.as_str() == name);
                prop_assert!(is_set || names(&alone_plan, &alone).contains(&name), "{} passes", name);
            }
            for one in &alone_plan.spawn.environment.set {
                prop_assert!(joined_plan.spawn.environment.set.contains(one));
            }
            if first_refusal(&alone_plan.preview(&alone)).is_some() {
                prop_assert!(first_refusal(&joined_plan.preview(&joined)).is_some());
            }
            prop_assert_ne!(alone_plan.digest(), joined_plan.digest());
        }
    }

    #[test]
    fn the_order_of_the_parts_of_a_manifest_does_not_matter(
        group in requirements("[AB]", "[ST]"),
        section in requirements("[BC]", "[TU]"),
        order in prop::collection::vec(any::<u32>(), 8),
    ) {
        let vars = BTreeMap::new();
        let requirements = |order: &[u32]| {
            let text = text(&group, Some(&section), order);
            plan(&world(&text, &vars)).map(|plan| all(&plan))
        };
        prop_assert_eq!(requirements(&[0]), requirements(&order));
    }
}

/// A run of another extension of the group is not affected.
#[test]
fn a_section_applies_to_its_own_extension_only() {
    let vars = BTreeMap::new();
    let fields = "[extensions.other]\nconfirm = true\n";
    let world = world(fields, &vars).executable(
        "/home/ops/.local/share/qli/extensions/g/other",
        "#!/bin/sh\n",
    );
    assert_eq!(plan(&world).unwrap().guards.in_order().count(), 0);
}

/// A typo must not let a script run without its guards.
#[test]
fn a_misspelled_section_name_stops_the_script() {
    let vars = BTreeMap::new();
    let misnamed = world("[extensions.helo]\nconfirm = true\n", &vars);
    assert!(plan(&misnamed).is_none());
    let directory = "/home/ops/.local/share/qli/extensions/g";
    let both = misnamed.executable(&format!("{directory}/helo"), "#!/bin/sh\n");
    assert!(plan(&both).is_some());
    let command = world("[extensions.helo]\nconfirm = true\n", &vars)
        .executable("/usr/bin/qli-g-helo", "#!/bin/sh\n");
    assert!(plan(&command).is_some());
    let far = world("[extensions.restore]\nconfirm = true\n", &vars);
    assert!(plan(&far).is_some());
}

/// Whichever name is longer, and however many sections have similar names.
#[test]
fn what_validate_reports_as_an_error_stops_the_run() {
    let vars = BTreeMap::new();
    for fields in [
        "[extensions.hello-2]\nconfirm = true\n",
        "[extensions.hellooo]\nconfirm = true\n",
        "[extensions.hell]\nconfirm = true\n[extensions.helloo]\nconfirm = true\n",
        "[extensions.hallo]\nconfirm = true\n[extensions.helo]\nconfirm_by = \"name\"\n",
    ] {
        let world = world(fields, &vars).executable(
            "/home/ops/.local/share/qli/extensions/g/hallo",
            "#!/bin/sh\n",
        );
        assert!(plan(&world).is_none(), "{fields}");
    }
}

/// The other name is a link, or another spelling on a case-insensitive file system.
#[test]
fn a_script_cannot_avoid_its_section_by_another_name() {
    let vars = BTreeMap::new();
    let directory = "/home/ops/.local/share/qli/extensions/g";
    let same = |fields: &str| {
        let world = world(fields, &vars)
            .executable(&format!("{directory}/restore"), "#!/bin/sh\necho hello\n");
        let id = world
            .stat(format!("{directory}/hello").as_ref())
            .unwrap()
            .id;
        world.alter(&format!("{directory}/restore"), |stat| stat.id = id)
    };
    assert!(plan(&same("[extensions.restore]\nconfirm = true\n")).is_none());
    let both = "[extensions.restore]\nconfirm = true\n[extensions.hello]\n";
    assert!(plan(&same(both)).is_some());
}
