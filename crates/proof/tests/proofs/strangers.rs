//! Whatever bytes and parameters a stranger sends, they are read or refused.

use hushwork_proof::circuit::architecture::LIMIT;
use hushwork_proof::circuit::description::{Description, Layer, Sum, Term};
use hushwork_proof::commitment::Code;
use hushwork_proof::error::Error;
use hushwork_proof::hiding::hiding;
use hushwork_proof::parameters::Parameters;
use hushwork_proof::scheme::{Scheme, Visibility};
use proptest::prelude::*;

use crate::model::{roomy, scheme};
use crate::networks::{convolutional, residual};
use crate::random::Draw;

#[test]
fn bytes_are_canonical() {
    let bytes = convolutional().to_bytes();
    assert!(Description::from_bytes(&bytes).is_ok());
    let malformed = |bytes: &[u8]| {
        matches!(
            Description::from_bytes(bytes),
            Err(Error::MalformedBytes(_))
        )
    };
    assert!(malformed(&[&bytes[..], &[0]].concat()));
    assert!((0..bytes.len()).all(|end| malformed(&bytes[..end])));
    let long = vec![0; LIMIT + 1];
    assert!(matches!(
        Description::from_bytes(&long),
        Err(Error::TooLarge(_))
    ));
    let nested = [0x91].repeat(100_000);
    assert!(malformed(&nested));
}

fn typed(read: &Result<Scheme, Error>) -> bool {
    use Error::{
        InsecureParameters, InvalidNetwork, InvalidParameters, MalformedBytes, UnsupportedVersion,
    };
    match read {
        Ok(_) | Err(MalformedBytes(_) | InvalidNetwork(_) | InvalidParameters(_)) => true,
        Err(InsecureParameters(_) | UnsupportedVersion(_)) => true,
        Err(_) => false,
    }
}

/// All sizes of a description.
fn numbers(description: &mut Description) -> Vec<&mut usize> {
    let Description {
        input,
        layers,
        output,
        ..
    } = description;
    let mut all = vec![&mut input.height, &mut input.width, &mut input.channels];
    let mut sums: Vec<&mut Sum> = vec![output];
    for layer in layers {
        match layer {
            Layer::Requantise { sum, .. } => sums.push(sum),
            Layer::Maximum { input, window } => {
                all.push(input);
                all.extend(window.kernel.iter_mut().chain(&mut window.stride));
                all.extend(&mut window.padding);
            }
        }
    }
    for term in sums.into_iter().flat_map(|sum| &mut sum.terms) {
        let window = match term {
            Term::Weighted {
                input,
                window,
                channels,
            } => {
                all.extend([input, channels]);
                window
            }
            Term::Fixed { input, window, .. } => {
                all.push(input);
                window
            }
        };
        all.extend(window.kernel.iter_mut().chain(&mut window.stride));
        all.extend(&mut window.padding);
    }
    all
}

const SIZES: [usize; 12] = [
    0,
    1,
    2,
    3,
    255,
    1 << 13,
    1 << 25,
    1 << 26,
    1 << 31,
    1 << 32,
    1 << 63,
    usize::MAX,
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(typed(&Scheme::read(&bytes, Visibility::Public, roomy(Visibility::Public))));
    }

    #[test]
    fn spoilt_descriptions_are_read_or_refused(seed: u64, count in 1..4usize, replaced: bool) {
        let mut draw = Draw::new(seed);
        let mut description = draw.network().description().clone();
        let mut bytes = description.to_bytes();
        for _ in 0..count {
            if replaced {
                let mut numbers = numbers(&mut description);
                let index = draw.below(numbers.len());
                *numbers[index] = SIZES[draw.below(SIZES.len())];
                bytes = description.to_bytes();
            } else {
                let index = draw.below(bytes.len());
                bytes[index] = draw.below(256) as u8;
            }
        }
        prop_assert!(typed(&Scheme::read(&bytes, Visibility::Hidden, roomy(Visibility::Hidden))));
    }

    #[test]
    fn any_parameters_are_read_or_refused(seed: u64) {
        let mut draw = Draw::new(seed);
        let mut any = || match draw.below(3) {
            0 => SIZES[draw.below(SIZES.len())],
            1 => draw.below(20),
            _ => draw.below(1000) * 16,
        };
        let code = Code { log_domain: any(), rows: any(), queries: any() };
        let parameters = Parameters {
            code,
            weights: any(),
            auxiliary: any(),
            publication: any(),
            boundary: any(),
        };
        for visibility in [Visibility::Public, Visibility::Hidden] {
            let read = Scheme::read(&convolutional().to_bytes(), visibility, parameters);
            prop_assert!(typed(&read));
        }
    }
}

#[test]
fn lower_parameters_are_refused() {
    let chosen = *scheme(&residual(), Visibility::Hidden).parameters();
    let read = |parameters| Scheme::read(&residual().to_bytes(), Visibility::Hidden, parameters);
    assert!(read(chosen).is_ok());
    let code = |code| read(Parameters { code, ..chosen }).map(|_| ());
    let Code {
        log_domain,
        rows,
        queries,
    } = chosen.code;
    for queries in [0, 1, queries / 2] {
        let error = code(Code {
            queries,
            ..chosen.code
        })
        .unwrap_err();
        assert!(matches!(
            error,
            Error::InsecureParameters(_) | Error::InvalidParameters(_)
        ));
    }
    for rows in [
        0,
        16,
        rows - 1,
        hiding(rows / 2 / 16 * 16),
        1 << log_domain,
        usize::MAX,
    ] {
        let error = code(Code {
            rows,
            ..chosen.code
        })
        .unwrap_err();
        assert!(matches!(error, Error::InvalidParameters(_)));
    }
    for log_domain in [0, log_domain - 1, log_domain - 2, 25, 64, usize::MAX] {
        let error = code(Code {
            log_domain,
            ..chosen.code
        })
        .unwrap_err();
        assert!(matches!(
            error,
            Error::InsecureParameters(_) | Error::InvalidParameters(_)
        ));
    }
}
