//! Recognises the value of a secret by its form, where a name or a reference is
//! expected: people paste tokens.

use std::borrow::Cow;
use std::ops::Range;

/// How the tokens of well-known services begin, and how many letters, digits and marks
/// follow at least. Sources: the documentation of the services, and the lists of
/// GitHub's secret scanning and of gitleaks.
const BEGINNINGS: &[(&str, usize)] = &[
    ("ghp_", 16), // GitHub
    ("gho_", 16),
    ("ghu_", 16),
    ("ghs_", 16),
    ("ghr_", 16),
    ("github_pat_", 16),
    ("glpat-", 16), // GitLab
    ("gldt-", 16),
    ("glrt-", 16),
    ("glcbt-", 16),
    ("glptt-", 16),
    ("glsoat-", 16),
    ("gloas-", 16),
    ("glft-", 16),
    ("glagent-", 16),
    ("ATATT3", 30), // Atlassian
    ("ATBB", 24),   // Bitbucket
    ("hvs.", 16),   // Vault
    ("hvb.", 16),
    ("hvr.", 16),
    ("AKIA", 16), // AWS
    ("ASIA", 16),
    ("xoxb-", 16), // Slack
    ("xoxp-", 16),
    ("xoxa-", 16),
    ("xoxs-", 16),
    ("xoxe-", 16),
    ("xoxe.", 16),
    ("xapp-", 16),
    ("hooks.slack.com/services/", 30),
    ("hooks.slack.com/workflows/", 30),
    ("hooks.slack.com/triggers/", 30),
    ("discord.com/api/webhooks/", 40),
    ("discordapp.com/api/webhooks/", 40),
    ("sk_live_", 16), // Stripe
    ("rk_live_", 16),
    ("sk_test_", 16),
    ("rk_test_", 16),
    ("whsec_", 24),
    ("sk-", 24),  // OpenAI, Anthropic
    ("gsk_", 30), // Groq
    ("xai-", 30),
    ("AIza", 30), // Google
    ("ya29.", 16),
    ("GOCSPX-", 20),
    ("npm_", 30),
    ("pypi-", 30),
    ("rubygems_", 30),
    ("hf_", 30),
    ("dop_v1_", 30), // DigitalOcean
    ("doo_v1_", 30),
    ("dor_v1_", 30),
    ("dckr_pat_", 16),
    ("dckr_oat_", 16),
    ("SG.", 30),      // SendGrid
    ("xkeysib-", 30), // Brevo
    ("shpat_", 24),   // Shopify
    ("shpca_", 24),
    ("shppa_", 24),
    ("shpss_", 24),
    ("NRAK-", 24), // New Relic
    ("PMAK-", 24), // Postman
    ("pul-", 30),  // Pulumi
    ("glsa_", 30), // Grafana
    ("glc_eyJ", 24),
    ("sntrys_", 24), // Sentry
    ("sntryu_", 24),
    ("lin_api_", 30), // Linear
    ("tskey-", 16),   // Tailscale
    ("dapi", 32),     // Databricks
    ("ops_eyJ", 16),  // 1Password service account
    (JWT, 24),
    ("AGE-SECRET-KEY-1", 16),
];

/// `{"` in base64. Any JSON begins so, but only a token has a dot.
const JWT: &str = "eyJ";

/// A string of random characters is at least this long.
const RANDOM_MIN: usize = 20;

/// Characters of a token that are shown.
const SHOWN: usize = 4;

/// Whether a word looks like a token rather than a name.
pub fn is_token(word: &str) -> bool {
    beginning(word.as_bytes()).is_some() || is_random(word)
}

/// What follows the beginning of each known token in a text. Such as are known by their
/// randomness only may be digests and ids, and are no secrets.
pub(super) fn known_tokens(text: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut end = 0;
    for word in text.split(|&byte| !is_of_token(byte)) {
        let start = end;
        found.extend(token_in(word).map(|at| start + at..start + word.len()));
        end = start + word.len() + 1;
    }
    found
}

/// After the beginning of a token, which is not in the middle of a name.
fn token_in(word: &[u8]) -> Option<usize> {
    let ends_name = |at: usize| {
        word.get(at)
            .is_none_or(|byte| !byte.is_ascii_alphanumeric())
    };
    let mut starts = (0..word.len()).filter(|&at| at == 0 || ends_name(at - 1));
    starts.find_map(|at| Some(at + beginning(word.get(at..)?)?))
}

fn is_of_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-.~+/=".contains(&byte)
}

/// The length of what a known token begins with.
fn beginning(word: &[u8]) -> Option<usize> {
    /// No token has only short words in so many bytes.
    const LOOKED_AT: usize = 1024;
    let row = BEGINNINGS.iter().find(|(beginning, least)| {
        let rest = word.strip_prefix(beginning.as_bytes());
        let rest = rest.filter(|rest| rest.len() >= *least);
        let rest = rest.and_then(|rest| rest.get(..rest.len().min(LOOKED_AT)));
        let has_form = |rest: &[u8]| *beginning != JWT || rest.contains(&b'.');
        rest.is_some_and(|rest| has_form(rest) && !is_of_words(rest))
    });
    row.map(|(beginning, _)| beginning.len())
}

/// Whether a text consists of short words of one case, as names do: `npm_config_cache`.
fn is_of_words(text: &[u8]) -> bool {
    const WORD_MAX: usize = 15;
    let mut words = text.split(|byte| !byte.is_ascii_alphanumeric());
    words.all(|word| {
        let is_lower = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let is_upper = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        word.len() <= WORD_MAX && (word.iter().all(is_lower) || word.iter().all(is_upper))
    })
}

/// Whether a long word without separators mixes capital letters, small letters and
/// digits, or is hexadecimal. Only a secret key of AWS may contain `/`: others are paths.
fn is_random(word: &str) -> bool {
    const AWS_SECRET: usize = 40;
    let has_slash = word.contains('/') && word.len() != AWS_SECRET;
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
    if word.len() < RANDOM_MIN || has_slash || !word.bytes().all(is_word) {
        return false;
    }
    let count = |of: fn(&u8) -> bool| word.as_bytes().iter().filter(|byte| of(byte)).count();
    let digits = count(u8::is_ascii_digit);
    let (upper, lower) = (count(u8::is_ascii_uppercase), count(u8::is_ascii_lowercase));
    let is_aws = word.len() == AWS_SECRET && word.contains(['/', '+']);
    let is_hex = word.len() >= 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_mixed = upper >= 2 && lower >= 2 && (digits >= 2 || is_aws);
    is_mixed || (is_hex && digits >= 4)
}

/// Shortens a token to its beginning.
pub(super) fn shortened(token: &str) -> String {
    format!("{}\u{2026}", token.get(..SHOWN).unwrap_or_default())
}

/// Replaces all but the beginning of each word that looks like a token. The result is
/// as long as the text, so that no position changes.
pub fn without_tokens(text: &str) -> Cow<'_, str> {
    let is_end = |c: char| !(c.is_ascii_alphanumeric() || "_-.+/=".contains(c));
    if !text.split(is_end).any(has_token) {
        return text.into();
    }
    let pieces = text.split_inclusive(is_end).map(|piece| {
        let word = piece.trim_end_matches(is_end);
        hidden(word, &SEPARATORS) + piece.get(word.len()..).unwrap_or_default()
    });
    pieces.collect::<String>().into()
}

/// What may be around a token in a word: `token=ghp_…`, a part of a path.
const SEPARATORS: [char; 2] = ['=', '/'];

fn has_token(word: &str) -> bool {
    has_token_between(word, &SEPARATORS)
}

fn has_token_between(word: &str, separators: &[char]) -> bool {
    let parts = || {
        let (first, others) = separators.split_first()?;
        Some(
            word.split(*first)
                .any(|part| has_token_between(part, others)),
        )
    };
    is_token(word) || parts() == Some(true)
}

fn hidden(word: &str, separators: &[char]) -> String {
    if is_token(word) {
        let beginning = word.get(..SHOWN).unwrap_or_default();
        return format!("{beginning}{}", "*".repeat(word.len() - SHOWN));
    }
    let Some((first, others)) = separators.split_first() else {
        return word.to_owned();
    };
    let pieces = word.split_inclusive(*first).map(|piece| {
        let part = piece.trim_end_matches(*first);
        hidden(part, others) + piece.get(part.len()..).unwrap_or_default()
    });
    pieces.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKENS: [&str; 9] = [
        "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
        "github_pat_11ABCDEFG0abcdefghijkl_mnopqrstuvwxyz0123456789",
        "glpat-AbC1-deF2gHiJ_kLmN",
        "hvs.CAESIJlU9JMYEhOPYv4igdhm9PnZDrabYTobQ4Ymnlq1qY",
        "AKIAIOSFODNN7EXAMPLE",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "xoxb-123456789012-1234567890123-AbCdEfGhIjKlMnOpQrStUvWx",
        "9f86d081884c7d659a2feaa0c55ad015",
        "Zq3vX8kLm2Np7Rt5Wy9B",
    ];

    #[test]
    fn tokens_are_recognised_by_their_form() {
        for token in TOKENS {
            assert!(is_token(token), "{token}");
        }
    }

    #[test]
    fn every_beginning_is_found_within_any_text() {
        for (beginning, least) in BEGINNINGS {
            let rest = format!("{}.", "x9Yz".repeat(least.div_ceil(4)));
            for (before, after) in [("", ""), ("t=", "&x"), ("a ", " b"), ("https://", "@h")] {
                let text = format!("{before}{beginning}{rest}{after}");
                let found = known_tokens(text.as_bytes());
                let found: Vec<_> = found.into_iter().map(|it| text.get(it).unwrap()).collect();
                assert_eq!(found, [rest.as_str()], "{text}");
            }
        }
    }

    #[test]
    fn digests_ids_and_names_are_not_known_tokens() {
        for text in [
            "9f86d081884c7d659a2feaa0c55ad0159f86d081",
            "550e8400-e29b-41d4-a716-446655440000",
            "task-force-sk-restore-the-database-of-the-orders",
            "risk-AbCdEfGhIjKlMnOpQrStUvWxYz012345",
            "eyJuYW1lIjoid29ybGQiLCJjb3VudCI6MTJ9",
            "hf_models/of-the-team/and-their-weights/v1",
            "ghp_short",
            "",
        ] {
            assert!(known_tokens(text.as_bytes()).is_empty(), "{text}");
        }
    }

    #[test]
    fn names_and_references_are_no_tokens() {
        for name in [
            "CI_DEPLOY_TOKEN_2024_V2",
            "npm_config_registry_token_of_production",
            "ASIA_PACIFIC_1_TOKEN_OF_EVERYTHING",
            "GithubTokenForProduction",
            "sk-restore-the-database-of-the-orders",
            "op://Vault1/Item2Name/field",
            "DATABASE_PASSWORD_FOR_PRODUCTION_EU_WEST_1",
            "$XDG_STATE_HOME/qli/prod-audit.log",
            "",
        ] {
            assert!(!is_token(name), "{name}");
            assert_eq!(without_tokens(name), name);
        }
    }

    #[test]
    fn a_long_line_of_separators_is_no_problem() {
        let line = "=/".repeat(500_000);
        assert_eq!(without_tokens(&line), line);
        let with = format!("{line}{}", TOKENS[0]);
        assert!(!without_tokens(&with).contains(TOKENS[0]));
        assert!(known_tokens("sk-".repeat(100_000).as_bytes()).is_empty());
    }

    #[test]
    fn only_the_beginning_of_a_token_is_left_and_the_length_stays() {
        for token in TOKENS {
            for text in [
                token.to_owned(),
                format!("ref = \"{token}\"  # \u{e4}"),
                format!("https://h/?token={token}&x=1"),
            ] {
                let clean = without_tokens(&text);
                assert_eq!(clean.len(), text.len());
                assert!(!clean.contains(token.get(5..).unwrap()), "{clean}");
            }
        }
    }
}
