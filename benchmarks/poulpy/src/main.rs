//! Times of Poulpy's CKKS operations on one core, one JSON line each on standard output.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use poulpy_ckks::api::{
    CKKSAllOpsTmpBytes, CKKSDecryptOps, CKKSEncodingHostOps, CKKSEncryptOps, CKKSModuleInfos,
    CKKSMulOps, CKKSRotateOps,
};
use poulpy_ckks::layouts::{
    CKKSCiphertextAlloc, CKKSCiphertextOwned, CKKSPlaintextAlloc, CKKSPlaintextOwned,
};
use poulpy_ckks::{CKKSInfos, CKKSLayout, GLWEPlaintextMeta, Scale, SetCKKSInfos, SlotsKind};
use poulpy_core::api::{
    GLWEAutomorphismKeyPreparedFactory, GLWESecretPreparedFactory, GLWESecretSampling,
    GLWETensorKeyPreparedFactory,
};
use poulpy_core::layouts::prepared::{
    GLWEAutomorphismKeyPreparedToBackendRef, GLWESecretPrepared, GLWETensorKeyPrepared,
};
use poulpy_core::layouts::{
    BackendGLWESecret, GGLWELayout, GLWEAutomorphismKeyAlloc, GLWEAutomorphismKeyLayout,
    GLWEAutomorphismKeyPrepared, GLWELayout, GLWESecretAlloc, GLWETensorKeyAlloc,
    GLWETensorKeyLayout, Rank, TorusPrecision,
};
use poulpy_core::{GLWEAutomorphism, GLWEAutomorphismKeyEncryptSk, GLWETensorKeyEncryptSk};
use poulpy_cpu_avx512::NTT3x42Ifma as Backend;
use poulpy_hal::api::{ScratchOwnedAlloc, ScratchOwnedBorrow};
use poulpy_hal::layouts::{Module, ScratchOwned};
use poulpy_hal::source::Source;

const BUDGET: Duration = Duration::from_secs(2);

/// The largest radix of this back end; a larger one gives garbage without an error.
const BASE2K: u32 = 56;

const LOG_SCALE: u32 = 40;

/// Bits of a plaintext above its scale.
const HEADROOM: u32 = 8;

/// log2 of the degree, bits of the modulus, bits of a digit of a key.
const SETS: [(u32, u32, u32); 2] = [(15, 600, 208), (16, 855, 288)];

const STEPS: i64 = 8;

const LARGEST_ERROR: f64 = 1e-3;

type Owned = <Backend as poulpy_hal::layouts::Backend>::OwnedBuf;
type Ciphertext = CKKSCiphertextOwned<Backend>;
type RotationKey = GLWEAutomorphismKeyPrepared<Owned, Backend>;

/// Slot i of every input.
fn value(i: usize) -> f64 {
    (i as f64).sin()
}

fn meta() -> GLWEPlaintextMeta {
    GLWEPlaintextMeta {
        scale: Scale::Log(LOG_SCALE as usize),
        slots: SlotsKind::Complex,
        log_sparsity: 0,
    }
}

/// The shapes of ciphertexts and keys.
struct Layouts {
    ciphertext: GLWELayout,
    rotation: GLWEAutomorphismKeyLayout,
    product: GLWETensorKeyLayout,
}

impl Layouts {
    fn new(log_degree: u32, bits: u32, digit: u32) -> Self {
        let (n, base2k, rank) = ((1u32 << log_degree).into(), BASE2K.into(), Rank(1));
        let dnum = GGLWELayout::dnum_for_input(TorusPrecision(bits), digit.into());
        let (k_aux, k_digit) = (TorusPrecision(digit + log_degree), digit.into());
        Self {
            ciphertext: GLWELayout {
                n,
                base2k,
                k: bits.into(),
                rank,
            },
            rotation: GLWEAutomorphismKeyLayout {
                n,
                base2k,
                dnum,
                k_aux,
                rank,
                k_digit,
            },
            product: GLWETensorKeyLayout {
                n,
                base2k,
                dnum,
                k_aux,
                rank,
                k_digit,
            },
        }
    }

    fn scratch(&self, module: &Module<Backend>) -> ScratchOwned<Backend> {
        let full = CKKSLayout {
            glwe_layout: self.ciphertext,
            meta: meta(),
        };
        let (out, rotation) = (&self.ciphertext, &self.rotation);
        let bytes = [
            module.ckks_all_ops_with_atk_tmp_bytes(&full, &full, &self.product, rotation),
            module.glwe_automorphism_many_tmp_bytes(out, out, rotation),
            CKKSEncodingHostOps::<Backend, f64>::ckks_encoding_host_tmp_bytes(
                module,
                module.ckks_max_slots(),
            ),
        ];
        ScratchOwned::alloc(bytes.into_iter().max().unwrap_or(0))
    }
}

/// Everything one parameter set needs.
struct Bench {
    log_degree: u32,
    module: Module<Backend>,
    layouts: Layouts,
    scratch: ScratchOwned<Backend>,
    uniform: Source,
    noise: Source,
    raw: BackendGLWESecret<Backend>,
    secret: GLWESecretPrepared<Owned, Backend>,
}

impl Bench {
    fn new(log_degree: u32, bits: u32, digit: u32) -> Self {
        let module = Module::<Backend>::new(1 << log_degree);
        let layouts = Layouts::new(log_degree, bits, digit);
        let scratch = layouts.scratch(&module);
        let mut uniform = Source::new([1; 32]);
        let mut raw = module.glwe_secret_alloc_from_infos(&layouts.ciphertext);
        module.glwe_secret_fill_ternary_prob(&mut raw, 2.0 / 3.0, &mut uniform);
        let mut secret = module.glwe_secret_prepared_alloc_from_infos(&layouts.ciphertext);
        module.glwe_secret_prepare(&mut secret, &raw);
        let noise = Source::new([2; 32]);
        Self {
            log_degree,
            module,
            layouts,
            scratch,
            uniform,
            noise,
            raw,
            secret,
        }
    }

    fn rotation_key(&mut self, step: i64) -> RotationKey {
        let (module, layout) = (&self.module, &self.layouts.rotation);
        let scratch = &mut self.scratch.borrow();
        let (noise, uniform) = (&mut self.noise, &mut self.uniform);
        let element = module.ckks_galois_element(step);
        let mut key = module.glwe_automorphism_key_alloc_from_infos(layout);
        module.glwe_automorphism_key_encrypt_sk(
            &mut key, element, &self.raw, noise, uniform, scratch,
        );
        let mut prepared = module.glwe_automorphism_key_prepared_alloc_from_infos(layout);
        module.glwe_automorphism_key_prepare(&mut prepared, &key, scratch);
        prepared
    }

    fn product_key(&mut self) -> GLWETensorKeyPrepared<Owned, Backend> {
        let (module, layout) = (&self.module, &self.layouts.product);
        let scratch = &mut self.scratch.borrow();
        let (noise, uniform) = (&mut self.noise, &mut self.uniform);
        let mut key = module.glwe_tensor_key_alloc_from_infos(layout);
        module.glwe_tensor_key_encrypt_sk(&mut key, &self.raw, noise, uniform, scratch);
        let mut prepared = module.glwe_tensor_key_prepared_alloc_from_infos(layout);
        module.glwe_tensor_key_prepare(&mut prepared, &key, scratch);
        prepared
    }

    fn plaintext(&self) -> CKKSPlaintextOwned<Backend> {
        let (slots, bits) = (self.module.ckks_max_slots(), LOG_SCALE + HEADROOM);
        let mut plain =
            self.module
                .ckks_plaintext_alloc_from_slots(slots, BASE2K.into(), bits.into());
        plain.set_meta(meta());
        plain
    }

    fn encode(&mut self) -> CKKSPlaintextOwned<Backend> {
        let mut plain = self.plaintext();
        let real: Vec<f64> = (0..self.module.ckks_max_slots()).map(value).collect();
        let imaginary = vec![0.0; real.len()];
        let scratch = &mut self.scratch.borrow();
        self.module
            .ckks_encode_slots_host_into(&mut plain, &real, &imaginary, scratch)
            .expect("values within the headroom");
        plain
    }

    fn ciphertext(&self) -> Ciphertext {
        self.module
            .ckks_ciphertext_alloc_from_glwe_infos(&self.layouts.ciphertext)
    }

    fn encrypt(&mut self, plain: &CKKSPlaintextOwned<Backend>) -> Ciphertext {
        let mut out = self.ciphertext();
        let (noise, uniform) = (&mut self.noise, &mut self.uniform);
        let scratch = &mut self.scratch.borrow();
        self.module
            .ckks_encrypt_sk(&mut out, plain, &self.secret, noise, uniform, scratch)
            .expect("a modulus wider than the plaintext");
        out
    }

    /// Decrypts and compares, so that no broken operation is timed.
    fn check(&mut self, name: &str, ciphertext: &Ciphertext, expected: impl Fn(usize) -> f64) {
        let slots = self.module.ckks_max_slots();
        let mut plain = self.plaintext();
        plain.set_meta(ciphertext.meta());
        let (mut real, mut imaginary) = (vec![0.0; slots], vec![0.0; slots]);
        let scratch = &mut self.scratch.borrow();
        self.module
            .ckks_decrypt(&mut plain, ciphertext, &self.secret, scratch)
            .and_then(|()| {
                self.module
                    .ckks_decode_slots_host_into(&plain, &mut real, &mut imaginary, scratch)
            })
            .expect("a plaintext as wide as the message");
        let error = (0..slots).fold(0.0, |worst, i| {
            f64::max(worst, (real[i] - expected(i)).abs())
        });
        assert!(
            error < LARGEST_ERROR,
            "{name} at 2^{}: off by {error:e}",
            self.log_degree
        );
    }

    /// Runs `work` for a while and prints the median and the best, of one of `each` operations.
    fn measure(&mut self, name: &str, each: usize, mut work: impl FnMut(&mut Self)) {
        work(self);
        let (start, mut seconds) = (Instant::now(), Vec::new());
        while start.elapsed() < BUDGET || seconds.len() < 5 {
            let run = Instant::now();
            work(self);
            seconds.push(run.elapsed().as_secs_f64() / each as f64);
        }
        seconds.sort_by(f64::total_cmp);
        println!(
            r#"{{"name": "{name}", "log_degree": {}, "threads": 1, "median": {}, "best": {}, "runs": {}}}"#,
            self.log_degree,
            seconds[seconds.len() / 2],
            seconds[0],
            seconds.len()
        );
    }

    fn rotations(&mut self, input: &Ciphertext) {
        let slots = self.module.ckks_max_slots();
        let keys: Vec<RotationKey> = (1..=STEPS).map(|step| self.rotation_key(step)).collect();
        let hoisted: Vec<_> = keys.iter().map(|key| key.to_backend_ref()).collect();
        let hoisted: Vec<_> = hoisted.iter().collect();
        let mut outs: Vec<Ciphertext> = keys.iter().map(|_| self.ciphertext()).collect();
        outs.iter_mut().for_each(|out| out.set_meta(input.meta()));
        self.measure("hoisted", keys.len(), |bench| {
            let mut outs: Vec<&mut Ciphertext> = outs.iter_mut().collect();
            let scratch = &mut bench.scratch.borrow();
            bench
                .module
                .glwe_automorphism_many(&mut outs, input, &hoisted, scratch);
        });
        self.check("hoisted", &outs[outs.len() - 1], |i| {
            value((i + STEPS as usize) % slots)
        });

        let element = self.module.ckks_galois_element(1);
        let keys = HashMap::from([(element, keys.into_iter().next().expect("eight keys"))]);
        let mut out = self.ciphertext();
        self.measure("rotation", 1, |bench| {
            let scratch = &mut bench.scratch.borrow();
            let done = bench
                .module
                .ckks_rotate_into(1, &mut out, input, &keys, scratch);
            done.expect("the key of this rotation");
        });
        self.check("rotation", &out, |i| value((i + 1) % slots));
    }

    fn products(&mut self, input: &Ciphertext, plain: &CKKSPlaintextOwned<Backend>) {
        let mut out = self.ciphertext();
        self.measure("plain", 1, |bench| {
            let scratch = &mut bench.scratch.borrow();
            let done = bench
                .module
                .ckks_mul_pt_vec_into(&mut out, input, plain, scratch);
            done.expect("capacity for a product");
        });
        self.check("plain", &out, |i| value(i) * value(i));

        let key = self.product_key();
        let mut out = self.ciphertext();
        self.measure("product", 1, |bench| {
            let scratch = &mut bench.scratch.borrow();
            let done = bench
                .module
                .ckks_mul_into(&mut out, input, input, &key, scratch);
            done.expect("capacity for a product");
        });
        self.check("product", &out, |i| value(i) * value(i));
    }
}

fn main() {
    for (log_degree, bits, digit) in SETS {
        let mut bench = Bench::new(log_degree, bits, digit);
        let plain = bench.encode();
        let input = bench.encrypt(&plain);
        bench.check("encryption", &input, value);
        bench.rotations(&input);
        bench.products(&input, &plain);
    }
}
