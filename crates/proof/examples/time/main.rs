//! Times proofs of networks with random weights:
//! `time lenet|vgg LOG_DOMAIN [--columns LOG_COLUMNS] [--json [--runs N]]`.
//! Of fewer columns, proofs are larger and sooner made.

mod networks;
mod owner;

use hushwork_proof::circuit::Description;
use hushwork_proof::commitment::Committed;
use hushwork_proof::hiding::HIDING;
use hushwork_proof::merkle::Digest;
use hushwork_proof::model::{Outcome, Tell};
use hushwork_proof::parameters::{Parameters, Setting};
use hushwork_proof::registers::LANES;
use hushwork_proof::scheme::{Scheme, Visibility, Weights};
use hushwork_proof::secret::fresh_seed;
use hushwork_proof::security::PROOFS;
use owner::{Owner, timed};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let argument = |index: usize| arguments.get(index).map(String::as_str);
    let network = argument(0).unwrap_or("lenet");
    let log_domain = argument(1).map_or(16, |text| text.parse().unwrap());
    let description = match network {
        "vgg" => networks::vgg(),
        _ => networks::lenet(),
    };
    let option = |name: &str| -> Option<usize> {
        let at = arguments.iter().position(|text| text == name)?;
        Some(argument(at + 1)?.parse().unwrap())
    };
    let choose = || choose(&description, Setting { log_domain }, option("--columns"));
    if arguments.iter().any(|text| text == "--json") {
        let runs = option("--runs").unwrap_or(15);
        measure(network, choose(), runs);
    } else {
        show(&description, choose);
    }
}

/// The scheme of the smallest proofs, with at most so many columns of a proof's own.
fn choose(description: &Description, setting: Setting, log_columns: Option<usize>) -> Scheme {
    let (bytes, visibility) = (description.to_bytes(), Visibility::Hidden);
    let Some(log_columns) = log_columns else {
        return Scheme::choose(&bytes, visibility, setting).unwrap();
    };
    let all = Parameters::candidates(&bytes, visibility, setting).unwrap();
    let narrow = all.into_iter().find(|one| one.auxiliary <= log_columns);
    Scheme::read(&bytes, visibility, narrow.unwrap()).unwrap()
}

/// Prints one JSON object.
fn measure(network: &str, scheme: Scheme, runs: usize) {
    let owner = Owner::new(scheme);
    let scheme = &owner.scheme;
    let seed = || fresh_seed().unwrap();
    let [root, epoch] = [(); 2].map(|()| scheme.commit(&owner.field, seed()).unwrap());
    let (_, publish) = timed(|| {
        scheme
            .prove_publication(&owner.field, &root, seed())
            .unwrap()
    });
    let (_, link) = timed(|| scheme.prove_link(&root, &epoch, seed()).unwrap());
    let model = scheme.model(&Weights::Hidden(scheme.pin(&root)));
    let job = |_| owner.job(model, &epoch, None, Tell::Numbers, seed());
    let (jobs, times): (Vec<_>, Vec<_>) = (0..runs).map(job).unzip();
    let seconds = |which: usize| -> Vec<f64> {
        let times = times.iter().map(|both| both[which].as_secs_f64());
        times.collect()
    };
    let bytes: usize = jobs.iter().map(|proved| proved.proof.len()).sum();
    println!(
        "{{\"network\":\"{network}\",\"log_domain\":{},\"hiding\":{HIDING},\"bits\":{:.2},\
         \"prove_seconds\":{:?},\"verify_seconds\":{:?},\"proof_bytes\":{},\
         \"publish_seconds\":{:?},\"link_seconds\":{:?},\"peak_bytes\":{}}}",
        scheme.parameters().code.log_domain,
        scheme.soundness().bits() - PROOFS.log2(),
        seconds(0),
        seconds(1),
        bytes / runs,
        publish.as_secs_f64(),
        link.as_secs_f64(),
        peak_bytes(),
    );
}

/// Most memory that this process had, where the system says so.
fn peak_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<usize>().ok());
    kilobytes.unwrap_or_default() << 10
}

/// Prints a text.
fn show(description: &Description, choose: impl FnOnce() -> Scheme) {
    let (scheme, chosen) = timed(choose);
    let parameters = *scheme.parameters();
    println!("lanes {LANES}; chosen in {chosen:?}: {parameters:?}");
    let bytes = description.to_bytes();
    let (_, read) = timed(|| Scheme::read(&bytes, Visibility::Hidden, parameters).unwrap());
    println!("read in {read:?}; {:.1} bits", scheme.soundness().bits());
    for (name, bits) in &scheme.soundness().terms {
        println!("  {name:24} {bits:.1}");
    }
    let owner = Owner::new(scheme);
    let (model, epoch) = show_publication(&owner);
    let hidden = owner.scheme.commit_input(&owner.input, [7; 32]).unwrap();
    let tells = [
        Tell::Numbers,
        Tell::Numbers,
        Tell::Class,
        Tell::Commitment([9; 32]),
        Tell::Numbers,
    ];
    for (round, tell) in tells.into_iter().enumerate() {
        let hidden = (round == 3).then_some(&hidden);
        let (proved, [prove, verify]) = owner.job(model, &epoch, hidden, tell, [round as u8; 32]);
        let length = proved.proof.len();
        println!("prove {prove:?} verify {verify:?}, {length} bytes");
        if let Outcome::Class(class) = proved.outcome {
            println!("class {class} of {:?}", proved.numbers);
        }
    }
}

/// The model, and a commitment that is linked to it.
fn show_publication(owner: &Owner) -> (Digest, Committed) {
    let (scheme, field) = (&owner.scheme, &owner.field);
    let (root, commit) = timed(|| scheme.commit(field, [3; 32]).unwrap());
    println!("commit weights {commit:?}");
    let (proof, publish) = timed(|| scheme.prove_publication(field, &root, [4; 32]).unwrap());
    println!("publish {publish:?}, {} bytes", proof.len());
    let (verified, verify) = timed(|| scheme.verify_publication(scheme.pin(&root), &proof));
    println!("verify publication {verify:?}");
    verified.unwrap();
    let epoch = scheme.commit(field, [5; 32]).unwrap();
    let (proof, link) = timed(|| scheme.prove_link(&root, &epoch, [6; 32]).unwrap());
    println!("link {link:?}, {} bytes", proof.len());
    let pins = [&root, &epoch].map(|committed| scheme.pin(committed));
    let (verified, verify) = timed(|| scheme.verify_link(pins[0], pins[1], &proof));
    println!("verify link {verify:?}");
    verified.unwrap();
    (scheme.model(&Weights::Hidden(pins[0])), epoch)
}
