//! Password managers that fill a template with several references: `op`, `pass-cli` and
//! `dcli`, by stand-ins.

use serde_json::json;

use super::{assert_shows, calls, fails, input, prints, refused, stand_in, world};
use crate::world::World;

/// A manager that fills a template with several references.
struct Filler {
    provider: &'static str,
    program: &'static str,
    references: [&'static str; 3],
    /// The arguments before a single reference.
    read: &'static str,
    /// What it writes after a single value.
    end: &'static str,
    missing: &'static str,
    signed_out: &'static str,
    sign_in: &'static str,
}

const FILLERS: [Filler; 3] = [
    Filler {
        provider: "one_password",
        program: "op",
        references: ["op://ops/db/user", "op://ops/db/a b", "op://ops/db/s/key"],
        read: "read --no-newline",
        end: "",
        missing: "[ERROR] 2026/01/02 03:04:05 \"db\" isn't an item in the \"ops\" vault.\n",
        signed_out: "[ERROR] 2026/01/02 03:04:05 account is not signed in\n",
        sign_in: "op signin",
    },
    Filler {
        provider: "proton_pass",
        program: "pass-cli",
        references: ["pass://ops/db/user", "pass://ops/db/a b", "pass://x/y/z"],
        read: "item view",
        end: "\n",
        missing: "Error: No item found\n",
        signed_out: "Error: This operation requires an authenticated client\n",
        sign_in: "pass-cli login",
    },
    Filler {
        provider: "dashlane",
        program: "dcli",
        references: ["dl://db/login", "dl://db/password", "dl://db/note"],
        read: "read",
        end: "\n",
        missing: "error: No matching item found for \"db\"\n",
        signed_out: "error: User force closed the prompt with 0 null\n",
        sign_in: "dcli sync",
    },
];

/// Fills a template and reads single references; one that it does not know fails a call.
const FILL: &str = r"#!/usr/bin/env -S python3 -IS
import json, re, sys
given = json.load(open(sys.argv[0] + '.json'))
open(given['notes'], 'a').write(' '.join(sys.argv[1:]) + '\n')
def value(reference):
    if reference not in given['values']:
        sys.stderr.write(given['missing'])
        sys.exit(1)
    return given['values'][reference]
out = open(1, 'w', newline='')
if sys.argv[1:] == ['inject']:
    text = sys.stdin.read()
    open(given['notes'] + '.stdin', 'a').write(text)
    out.write(re.sub('{{ (.*?) }}', lambda found: value(found[1]), text) + '\n')
elif ' '.join(sys.argv[1:-1]) == given['read']:
    out.write(value(sys.argv[-1]) + given['end'])
else:
    sys.exit(99)
";

impl Filler {
    /// A group with the three references, of which some have values.
    fn world(&self, values: &[&str]) -> World {
        let world = world(self.provider, &self.references);
        let known = self.references.iter().zip(values);
        let known: serde_json::Map<_, _> = known
            .map(|(&reference, &value)| (reference.to_owned(), value.into()))
            .collect();
        let given = json!({
            "notes": world.path(&format!("{}.notes", self.program)),
            "values": known,
            "missing": self.missing,
            "read": self.read,
            "end": self.end,
        });
        let settings = world.path(&format!("bin/{}.json", self.program));
        std::fs::write(settings, given.to_string()).unwrap();
        world.executable(&format!("bin/{}", self.program), FILL)
    }

    fn read(&self, reference: usize) -> String {
        format!("{} {}", self.read, self.references[reference])
    }
}

#[test]
fn three_references_of_a_template_are_one_call_and_their_values_exact() {
    for filler in FILLERS {
        let values = ["two\nlines\n", "{{ p }}\r\n", "<\u{fc}>"];
        let world = filler.world(&values);
        assert_shows(&world, &[], &values);
        assert_eq!(calls(&world, filler.program), ["inject"]);
        let template = input(&world, filler.program);
        for reference in filler.references {
            let placeholder = format!("<{{{{ {reference} }}}}>");
            assert!(template.contains(&placeholder), "{template}");
        }
    }
}

#[test]
fn a_bad_reference_fails_the_batch_and_is_named_when_it_fails_alone() {
    for filler in FILLERS {
        let world = filler.world(&["v"]);
        let stderr = refused(&world, &[]);
        let expected = ["inject".to_owned(), filler.read(0), filler.read(1)];
        assert_eq!(calls(&world, filler.program), expected);
        assert!(stderr.contains("QLI1101"), "{stderr}");
        assert!(stderr.contains(filler.references[1]), "{stderr}");
    }
}

#[test]
fn a_batch_is_not_tried_again_when_the_user_is_signed_out() {
    for filler in FILLERS {
        let world = world(filler.provider, &filler.references);
        let answers = [fails("inject", 1, filler.signed_out)];
        let world = stand_in(world, filler.program, &answers);
        let stderr = refused(&world, &[]);
        assert_eq!(calls(&world, filler.program), ["inject"]);
        assert!(stderr.contains("QLI1105"), "{stderr}");
        assert!(stderr.contains(filler.sign_in), "{stderr}");
    }
}

#[test]
fn one_final_newline_is_removed_only_where_the_program_adds_it() {
    for filler in FILLERS {
        let args = filler.read(0);
        for (printed, exact, line) in [("v", "v", "v"), ("v\n\n", "v\n\n", "v\n")] {
            let world = world(filler.provider, &filler.references[..1]);
            let world = stand_in(world, filler.program, &[prints(&args, printed)]);
            let value = if filler.end.is_empty() { exact } else { line };
            assert_shows(&world, &[], &[value]);
        }
    }
}
