// Lattigo as a second opinion on CKKS over the conjugate-invariant ring.
//
// Reads one job as JSON from standard input and writes the answer as JSON. Polynomials are lists of
// residues, one list of coefficients per modulus, so that no order of a transform is assumed.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/tuneinsight/lattigo/v6/core/rlwe"
	"github.com/tuneinsight/lattigo/v6/ring"
	"github.com/tuneinsight/lattigo/v6/schemes/ckks"
)

type ciphertext struct {
	Scale float64    `json:"scale"`
	C0    [][]uint64 `json:"c0"`
	C1    [][]uint64 `json:"c1"`
}

type message struct {
	Scale  float64   `json:"scale"`
	Limbs  int       `json:"limbs"`
	Values []float64 `json:"values"`
}

type job struct {
	LogN    int          `json:"log_n"`
	Moduli  []uint64     `json:"moduli"`
	Secret  []int64      `json:"secret"`
	Decrypt []ciphertext `json:"decrypt"`
	Encrypt []message    `json:"encrypt"`
}

type answer struct {
	Decrypted [][]float64  `json:"decrypted"`
	Encrypted []ciphertext `json:"encrypted"`
}

// secretKey puts the coefficients into Lattigo's form: transformed, in Montgomery representation.
func secretKey(params ckks.Parameters, coefficients []int64) *rlwe.SecretKey {
	key := rlwe.NewSecretKey(params)
	for limb, q := range params.Q() {
		for i, x := range coefficients {
			key.Value.Q.Coeffs[limb][i] = uint64(x+int64(q)) % q
		}
	}
	params.RingQ().NTT(key.Value.Q, key.Value.Q)
	params.RingQ().MForm(key.Value.Q, key.Value.Q)
	return key
}

func read(r *ring.Ring, residues [][]uint64, out ring.Poly) {
	for limb := range residues {
		copy(out.Coeffs[limb], residues[limb])
	}
	r.NTT(out, out)
}

func write(r *ring.Ring, in ring.Poly) [][]uint64 {
	out := r.NewPoly()
	r.INTT(in, out)
	return out.Coeffs
}

func decrypt(params ckks.Parameters, key *rlwe.SecretKey, in ciphertext) ([]float64, error) {
	level := len(in.C0) - 1
	r := params.RingQ().AtLevel(level)
	ct := ckks.NewCiphertext(params, 1, level)
	ct.Scale = rlwe.NewScale(in.Scale)
	read(r, in.C0, ct.Value[0])
	read(r, in.C1, ct.Value[1])
	values := make([]float64, params.MaxSlots())
	plain := rlwe.NewDecryptor(params, key).DecryptNew(ct)
	return values, ckks.NewEncoder(params).Decode(plain, values)
}

func encrypt(params ckks.Parameters, key *rlwe.SecretKey, in message) (out ciphertext, err error) {
	level := in.Limbs - 1
	r := params.RingQ().AtLevel(level)
	plain := ckks.NewPlaintext(params, level)
	plain.Scale = rlwe.NewScale(in.Scale)
	if err = ckks.NewEncoder(params).Encode(in.Values, plain); err != nil {
		return
	}
	ct, err := rlwe.NewEncryptor(params, key).EncryptNew(plain)
	if err != nil {
		return
	}
	return ciphertext{in.Scale, write(r, ct.Value[0]), write(r, ct.Value[1])}, nil
}

func run() error {
	var in job
	if err := json.NewDecoder(os.Stdin).Decode(&in); err != nil {
		return err
	}
	params, err := ckks.NewParametersFromLiteral(ckks.ParametersLiteral{
		LogN: in.LogN, Q: in.Moduli, RingType: ring.ConjugateInvariant, LogDefaultScale: 40,
	})
	if err != nil {
		return err
	}
	key := secretKey(params, in.Secret)
	out := answer{Decrypted: [][]float64{}, Encrypted: []ciphertext{}}
	for _, ct := range in.Decrypt {
		values, err := decrypt(params, key, ct)
		if err != nil {
			return err
		}
		out.Decrypted = append(out.Decrypted, values)
	}
	for _, m := range in.Encrypt {
		ct, err := encrypt(params, key, m)
		if err != nil {
			return err
		}
		out.Encrypted = append(out.Encrypted, ct)
	}
	return json.NewEncoder(os.Stdout).Encode(out)
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
