// Times of Lattigo's CKKS operations on one core, one JSON line each on standard output.
package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"runtime"
	"sort"
	"time"

	"github.com/tuneinsight/lattigo/v6/core/rlwe"
	"github.com/tuneinsight/lattigo/v6/ring"
	"github.com/tuneinsight/lattigo/v6/schemes/ckks"
)

const budget = 2 * time.Second

type set struct {
	name    string
	literal ckks.ParametersLiteral
}

type figure struct {
	Name      string  `json:"name"`
	LogDegree int     `json:"log_degree"`
	Threads   int     `json:"threads"`
	Median    float64 `json:"median"`
	Best      float64 `json:"best"`
	Runs      int     `json:"runs"`
	Set       string  `json:"set"`
}

func repeat(value, count int) []int {
	out := make([]int, count)
	for i := range out {
		out[i] = value
	}
	return out
}

// sets are the parameters of our own measurements: 600 bits in 868, 860 bits in 1747.
func sets() (out []set) {
	rings := map[string]ring.Type{"standard": ring.Standard, "conjugate-invariant": ring.ConjugateInvariant}
	for _, name := range []string{"standard", "conjugate-invariant"} {
		out = append(out,
			set{name, ckks.ParametersLiteral{LogN: 15, LogQ: repeat(40, 15), LogP: repeat(42, 5),
				LogDefaultScale: 40, RingType: rings[name]}},
			set{name, ckks.ParametersLiteral{LogN: 16, LogQ: repeat(43, 20), LogP: repeat(44, 10),
				LogDefaultScale: 43, RingType: rings[name]}})
	}
	return
}

// measure runs work for a while and prints the median and the best, each over `each` operations.
func (s set) measure(name string, each int, work func() error) error {
	if err := work(); err != nil {
		return err
	}
	var seconds []float64
	for start := time.Now(); time.Since(start) < budget || len(seconds) < 5; {
		run := time.Now()
		if err := work(); err != nil {
			return err
		}
		seconds = append(seconds, time.Since(run).Seconds()/float64(each))
	}
	sort.Float64s(seconds)
	return json.NewEncoder(os.Stdout).Encode(figure{name, s.literal.LogN, runtime.GOMAXPROCS(0),
		seconds[len(seconds)/2], seconds[0], len(seconds), s.name})
}

// check decrypts and compares, so that no broken operation is timed.
func check(name string, params ckks.Parameters, secret *rlwe.SecretKey, in *rlwe.Ciphertext, want func(i int) float64) error {
	values := make([]complex128, params.MaxSlots())
	plain := rlwe.NewDecryptor(params, secret).DecryptNew(in)
	if err := ckks.NewEncoder(params).Decode(plain, values); err != nil {
		return err
	}
	for i, value := range values {
		if math.Abs(real(value)-want(i)) > 1e-3 {
			return fmt.Errorf("%s: slot %d holds %v, expected %v", name, i, value, want(i))
		}
	}
	return nil
}

func (s set) run() error {
	params, err := ckks.NewParametersFromLiteral(s.literal)
	if err != nil {
		return err
	}
	steps := []int{1, 2, 3, 4, 5, 6, 7, 8}
	generator := rlwe.NewKeyGenerator(params)
	secret := generator.GenSecretKeyNew()
	galois := generator.GenGaloisKeysNew(params.GaloisElements(steps), secret)
	keys := rlwe.NewMemEvaluationKeySet(generator.GenRelinearizationKeyNew(secret), galois...)
	evaluator := ckks.NewEvaluator(params, keys)

	slots := params.MaxSlots()
	value := func(i int) float64 { return math.Sin(float64(i % slots)) }
	values := make([]float64, slots)
	for i := range values {
		values[i] = value(i)
	}
	plain := ckks.NewPlaintext(params, params.MaxLevel())
	if err = ckks.NewEncoder(params).Encode(values, plain); err != nil {
		return err
	}
	input, err := rlwe.NewEncryptor(params, secret).EncryptNew(plain)
	if err != nil {
		return err
	}
	out := ckks.NewCiphertext(params, 1, params.MaxLevel())
	rotated := map[int]*rlwe.Ciphertext{}
	for _, step := range steps {
		rotated[step] = ckks.NewCiphertext(params, 1, params.MaxLevel())
	}
	if err = s.measure("rotation", 1, func() error { return evaluator.Rotate(input, 1, out) }); err != nil {
		return err
	}
	if err = check("rotation", params, secret, out, func(i int) float64 { return value(i + 1) }); err != nil {
		return err
	}
	if err = s.measure("hoisted", len(steps), func() error { return evaluator.RotateHoisted(input, steps, rotated) }); err != nil {
		return err
	}
	if err = check("hoisted", params, secret, rotated[8], func(i int) float64 { return value(i + 8) }); err != nil {
		return err
	}
	square := func(i int) float64 { return value(i) * value(i) }
	if err = s.measure("plain", 1, func() error { return evaluator.Mul(input, plain, out) }); err != nil {
		return err
	}
	if err = check("plain", params, secret, out, square); err != nil {
		return err
	}
	if err = s.measure("product", 1, func() error { return evaluator.MulRelin(input, input, out) }); err != nil {
		return err
	}
	return check("product", params, secret, out, square)
}

func main() {
	for _, s := range sets() {
		if err := s.run(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		runtime.GC()
	}
}
