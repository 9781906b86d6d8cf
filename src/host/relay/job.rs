//! What qli tells the relay to do, as bytes.

use std::time::Duration;

use zeroize::Zeroizing;

use super::super::Masking;

/// What to mask, and in which streams.
pub(super) struct Job {
    pub(super) hold: Duration,
    /// Whether the first stream is a terminal.
    pub(super) has_terminal: bool,
    /// Whether others write to that terminal too, who expect its output modes.
    pub(super) is_shared: bool,
    /// Each with the name of its secret.
    pub(super) values: Vec<(String, Zeroizing<Vec<u8>>)>,
}

impl Job {
    /// The bytes have their full length from the start: growing would leave copies.
    pub(super) fn encode(masking: &Masking<'_>, flags: [bool; 2]) -> Zeroizing<Vec<u8>> {
        let values = masking.values.iter();
        let parts = values.flat_map(|(name, value)| [name.as_bytes(), value]);
        let length = parts.clone().map(|part| size_of::<u64>() + part.len());
        let mut bytes = Zeroizing::new(Vec::with_capacity(length.sum::<usize>() + 10));
        bytes.extend(flags.map(u8::from));
        let hold = u64::try_from(masking.hold.as_millis()).unwrap_or(u64::MAX);
        bytes.extend(hold.to_be_bytes());
        for part in parts {
            bytes.extend((part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part);
        }
        bytes
    }

    pub(super) fn decode(mut bytes: &[u8]) -> Option<Self> {
        let ([has_terminal, is_shared], rest) = bytes.split_first_chunk()?;
        bytes = rest;
        let hold = Duration::from_millis(number(&mut bytes)?);
        let mut values = Vec::new();
        while !bytes.is_empty() {
            let name = String::from_utf8(part(&mut bytes)?.to_vec()).ok()?;
            values.push((name, Zeroizing::new(part(&mut bytes)?.to_vec())));
        }
        Some(Self {
            hold,
            has_terminal: *has_terminal == 1,
            is_shared: *is_shared == 1,
            values,
        })
    }
}

fn number(bytes: &mut &[u8]) -> Option<u64> {
    let (number, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(u64::from_be_bytes(*number))
}

fn part<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(number(bytes)?).ok()?;
    let (part, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_read_as_it_was_written() {
        let masking = Masking {
            terminal: true,
            hold: Duration::from_millis(70),
            values: &[("A", b"x\0\xff"), ("B", b"")],
        };
        let bytes = Job::encode(&masking, [true, false]);
        let job = Job::decode(&bytes).unwrap();
        assert_eq!(
            (job.hold, job.has_terminal, job.is_shared),
            (masking.hold, true, false)
        );
        let values = job.values.iter().map(|(name, value)| (&**name, &***value));
        assert_eq!(values.collect::<Vec<_>>(), masking.values);
        assert!(Job::decode(&bytes[..bytes.len() - 1]).is_none());
    }
}
