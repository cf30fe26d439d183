package scim_test

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"testing"
)

// TestMain lets more tests run at once than there are processors: most of them wait, for a service that is
// slow or busy on purpose. It is also the benchmark's other process.
func TestMain(m *testing.M) {
	if os.Getenv(benchPeople) != "" {
		if err := benchServe(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	flag.Parse()
	asked := false
	flag.Visit(func(f *flag.Flag) { asked = asked || f.Name == "test.parallel" })
	if !asked {
		if err := flag.Set("test.parallel", strconv.Itoa(4*runtime.GOMAXPROCS(0))); err != nil {
			panic(err) // there is such a flag
		}
	}
	os.Exit(m.Run())
}
