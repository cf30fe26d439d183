//go:build soak

package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
)

// The storm: usher or its browser is killed at 20 random points, at least half of them between the
// press and the recorded verification. USHER_SOAK_SEED draws the points of an earlier run again,
// USHER_SOAK_POINTS more of them.
func TestSoakKillingUsherOrItsBrowserLeavesExactlyOneDeactivation(t *testing.T) {
	seed, n := number(t, "USHER_SOAK_SEED", rand.Uint64()), number(t, "USHER_SOAK_POINTS", 20)
	t.Logf("USHER_SOAK_SEED=%d", seed)
	var between atomic.Uint64
	t.Run("points", func(t *testing.T) {
		for i, p := range killings(seed, int(n)) { //nolint:gosec // as many as somebody typed
			t.Run(fmt.Sprintf("%02d %s", i+1, p), func(t *testing.T) {
				t.Parallel()
				if killAndFinish(t, p) {
					between.Add(1)
				}
			})
		}
	})
	t.Logf("%d of %d between the press and the recorded verification (USHER_SOAK_SEED=%d)", between.Load(), n, seed)
	if 2*between.Load() < n {
		t.Errorf("only %d of %d points lay between the press and the recorded verification", between.Load(), n)
	}
}

// number reads a number from the environment.
func number(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	s := os.Getenv(name)
	if s == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}
