//! Parameters have room, and none to spare.

use super::*;

const SLOTS: Slots = Slots {
    weights: 400,
    auxiliary: 30_000,
    publication: 9000,
    boundary: 30,
};
const PROTOCOL: Protocol = Protocol {
    code: Code {
        log_domain: 0,
        rows: 0,
        queries: 0,
    },
    columns: 0,
    pins: 3,
    depth: 12,
    region: 6,
    told: 40,
    products: 40,
    statements: 80,
};

fn chosen() -> Parameters {
    Parameters::choose(&SLOTS, Setting { log_domain: 15 }, &PROTOCOL).unwrap()
}

fn refused(parameters: Parameters) -> bool {
    let sound = security::check(&parameters.protocol(&SLOTS, &PROTOCOL));
    parameters.check(&SLOTS).and(sound).is_err()
}

#[test]
fn a_step_down_is_refused() {
    let chosen = chosen();
    assert!(!refused(chosen));
    let code = chosen.code;
    let codes = [
        Code {
            log_domain: code.log_domain - 1,
            ..code
        },
        Code {
            rows: code.rows - 16,
            ..code
        },
        Code {
            rows: code.rows - 1,
            ..code
        },
        Code {
            queries: code.queries - 1,
            ..code
        },
    ];
    assert!(
        codes
            .into_iter()
            .all(|code| refused(Parameters { code, ..chosen }))
    );
}

#[cfg(not(feature = "insecure-not-hiding"))]
#[test]
fn fewer_columns_are_refused() {
    let chosen = chosen();
    let columns = [
        Parameters {
            weights: chosen.weights - 1,
            ..chosen
        },
        Parameters {
            auxiliary: chosen.auxiliary - 1,
            ..chosen
        },
        Parameters {
            publication: chosen.publication - 1,
            ..chosen
        },
    ];
    assert!(columns.into_iter().all(refused));
}

#[test]
fn no_codeword_is_too_long() {
    for log_domain in [25, 64, usize::MAX] {
        let chosen = Parameters::choose(&SLOTS, Setting { log_domain }, &PROTOCOL);
        assert!(matches!(chosen, Err(Error::InvalidParameters(_))));
    }
    for log_domain in [0, 1, hiding(9)] {
        let chosen = Parameters::choose(&SLOTS, Setting { log_domain }, &PROTOCOL);
        assert!(matches!(chosen, Err(Error::InsecureParameters(_))));
    }
}

#[cfg(not(feature = "insecure-not-hiding"))]
#[test]
fn a_commitment_holds_what_hides_its_pin() {
    let code = Code {
        log_domain: 8,
        rows: 64,
        queries: 5,
    };
    for log_columns in [0, 1, 6] {
        let shape = Parameters::shape(log_columns);
        let free = code.rows - PIN_ROWS - 3 * code.queries;
        assert_eq!(shape.openings(&code, free << log_columns), 3);
        assert_eq!(shape.openings(&code, (free << log_columns) + 1), 2);
    }
}

#[cfg(not(feature = "insecure-not-hiding"))]
#[test]
fn masks_that_have_no_room_are_refused() {
    let slots = Slots {
        auxiliary: 20,
        boundary: 1,
        ..Slots::default()
    };
    let few = |auxiliary| Parameters {
        code: Code {
            log_domain: 16,
            rows: 16,
            queries: 2,
        },
        weights: 0,
        auxiliary,
        publication: 0,
        boundary: 3,
    };
    assert!(few(6).check(&slots).is_err());
    let code = Code {
        rows: 32,
        ..few(6).code
    };
    assert_eq!(Parameters { code, ..few(6) }.check(&slots), Ok(()));
}

#[test]
fn a_link_of_more_weights_is_less_secure() {
    let linked = |weights| {
        let slots = Slots { weights, ..SLOTS };
        let terms = security::report(&chosen().protocol(&slots, &PROTOCOL)).terms;
        let bits = terms.into_iter().find(|(name, _)| name.contains("link"));
        bits.unwrap().1
    };
    assert!(linked(1 << 20) < linked(1 << 10) - 9.0);
}
