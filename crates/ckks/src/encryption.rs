//! Encryption and decryption.

use hushwork_ring::sampling;

use crate::ciphertext::Ciphertext;
use crate::encoding::Plaintext;
use crate::error::{Detail, Error, Result};
use crate::keys::{CIPHERTEXT_LABEL, PublicKey};
use crate::parameters::Parameters;
use crate::secret::{Noise, SecretKey, mask};

impl SecretKey {
    /// A seeded ciphertext of a plaintext over `basis(limbs)`.
    ///
    /// # Errors
    /// NoEntropy; Misuse for a plaintext of too many limbs.
    pub fn encrypt(&self, plaintext: &Plaintext) -> Result<Ciphertext> {
        let parameters = self.parameters();
        let limbs = check(parameters, plaintext)?;
        let (basis, degree) = (parameters.basis(limbs), parameters.degree());
        let seed = *sampling::fresh_seed()?;
        let c1 = sampling::uniform_poly(basis, degree, &seed, CIPHERTEXT_LABEL, 0);
        let mut payload = Noise::new()?.error(basis, degree, 0);
        basis.add(&mut payload, &plaintext.poly);
        let c0 = mask(basis, self.secret(), &c1, &payload);
        Ok(Ciphertext {
            c0,
            c1,
            scale: plaintext.scale,
            seed: Some(seed),
        })
    }

    /// The plaintext with its error.
    #[must_use]
    pub fn decrypt(&self, ciphertext: &Ciphertext) -> Plaintext {
        let basis = self.parameters().basis(ciphertext.limbs());
        let mut poly = ciphertext.c1.clone();
        basis.mul(&mut poly, self.secret());
        basis.add(&mut poly, &ciphertext.c0);
        Plaintext {
            poly,
            scale: ciphertext.scale,
        }
    }
}

impl PublicKey {
    /// A ciphertext of a plaintext over `basis(limbs)`.
    ///
    /// # Errors
    /// NoEntropy; Misuse for a plaintext of too many limbs.
    pub fn encrypt(&self, plaintext: &Plaintext) -> Result<Ciphertext> {
        let limbs = check(&self.parameters, plaintext)?;
        let (basis, degree) = (self.parameters.basis(limbs), self.parameters.degree());
        let noise = Noise::new()?;
        let (u, e0, e1) = (
            noise.ternary(basis, degree),
            noise.error(basis, degree, 0),
            noise.error(basis, degree, 1),
        );
        let (mut c0, mut c1) = (self.b.clone(), self.a.clone());
        for (c, e) in [(&mut c0, e0), (&mut c1, e1)] {
            c.truncate(limbs);
            basis.mul(c, &u);
            basis.add(c, &e);
        }
        basis.add(&mut c0, &plaintext.poly);
        Ok(Ciphertext::new(c0, c1, plaintext.scale))
    }
}

fn check(parameters: &Parameters, plaintext: &Plaintext) -> Result<usize> {
    let (limbs, degree) = (plaintext.poly.limbs(), plaintext.poly.degree());
    if limbs == 0 || limbs > parameters.limbs() || degree > parameters.degree() {
        let expected = format!(
            "1 to {} limbs of {} words",
            parameters.limbs(),
            parameters.degree()
        );
        let detail = Detail::new(
            "plaintext does not fit",
            expected,
            format!("{limbs} of {degree}"),
        );
        return Err(Error::Misuse(detail));
    }
    Ok(limbs)
}
