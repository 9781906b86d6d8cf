//! Recognises the value of a secret by its form, where a name or a reference is
//! expected: people paste tokens.

use std::borrow::Cow;

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
    ("hvs.", 16), // Vault
    ("hvb.", 16),
    ("hvr.", 16),
    ("AKIA", 16), // AWS
    ("ASIA", 16),
    ("xoxb-", 16), // Slack
    ("xoxp-", 16),
    ("xoxa-", 16),
    ("xoxs-", 16),
    ("xapp-", 16),
    ("sk_live_", 16), // Stripe
    ("rk_live_", 16),
    ("sk_test_", 16),
    ("sk-", 24),  // OpenAI, Anthropic
    ("AIza", 30), // Google
    ("ya29.", 16),
    ("npm_", 30),
    ("pypi-", 30),
    ("hf_", 30),
    ("dop_v1_", 30), // DigitalOcean
    ("dckr_pat_", 16),
    ("SG.", 30), // SendGrid
    ("shpat_", 24),
    ("ops_eyJ", 16), // 1Password service account
    ("eyJ", 24),     // JSON in base64: a JWT
    ("AGE-SECRET-KEY-1", 16),
];

/// A string of random characters is at least this long.
const RANDOM_MIN: usize = 20;

/// Characters of a token that are shown.
const SHOWN: usize = 4;

/// Whether a word looks like a token rather than a name.
pub fn is_token(word: &str) -> bool {
    let known = BEGINNINGS.iter().any(|(beginning, least)| {
        let rest = word.strip_prefix(beginning);
        rest.is_some_and(|rest| rest.len() >= *least && !is_of_words(rest))
    });
    known || is_random(word)
}

/// Whether a text consists of short words of one case, as names do: `npm_config_cache`.
fn is_of_words(text: &str) -> bool {
    const WORD_MAX: usize = 15;
    text.split(['_', '-', '.']).all(|word| {
        let lower = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let upper = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        word.len() <= WORD_MAX && (word.bytes().all(lower) || word.bytes().all(upper))
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
