//! Any bytes as values, a text and the pieces it comes in: the pieces make no difference,
//! and a text without values is unchanged.
//!
//! `tests/fuzz/run` builds and runs it for some seconds.
#![no_main]
#![expect(
    clippy::disallowed_methods,
    reason = "`fuzz_target!` holds a way to write the input down"
)]

use libfuzzer_sys::fuzz_target;
use qli::testing::masking::{Masker, Stream};

// The first byte is the length of a piece; then two values and a text, a line each.
fuzz_target!(|bytes: &[u8]| {
    let Some((length, rest)) = bytes.split_first() else {
        return;
    };
    let mut parts = rest.splitn(3, |&byte| byte == b'\n');
    let [a, b, text] = [(); 3].map(|()| parts.next().unwrap_or_default());
    let masker = Masker::of([("A", a), ("B", b)]);
    let whole = masked(&masker, text, text.len());
    assert_eq!(masked(&masker, text, usize::from(*length)), whole);
    assert_eq!(masked(&masker, text, 1), whole);
    // No way of writing a form has such bytes.
    let other: Vec<u8> = text.iter().map(|_| 0xff).collect();
    if ![a, b].concat().contains(&0xff) {
        assert_eq!(masked(&masker, &other, 7), other);
    }
});

fn masked(masker: &Masker, text: &[u8], length: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut stream = Stream::new(masker);
    for piece in text.chunks(length.max(1)) {
        stream.push(piece, &mut |bytes| out.extend_from_slice(bytes));
    }
    stream.release(&mut |bytes| out.extend_from_slice(bytes));
    out
}
