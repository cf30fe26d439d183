package scim

import (
	"net/http"
	"testing"
	"time"

	"github.com/usherhq/usher/secrets"
)

// A proxy of the environment would see the token: Go spares "localhost" and not "LOCALHOST". As
// the environment is read once per process, what is asked is whether the transport would ask for one.
func TestWhatIsForThisMachineGoesThroughNoProxy(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://proxy.example.com:3128")
	t.Setenv("HTTPS_PROXY", "http://proxy.example.com:3128")
	for base, direct := range map[string]bool{
		"http://localhost:8080/scim": true, "http://LOCALHOST:8080/scim": true, "http://127.0.0.1/scim": true, "https://LocalHost/scim": true,
		"http://[::1]/scim": true, "https://api.example.com/scim": false,
	} {
		w, err := NewWire(WireOptions{Base: base, Token: secrets.New(testToken)})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []*http.Client{w.reads, w.writes} {
			tr, ok := c.Transport.(*http.Transport)
			if !ok || (tr.Proxy == nil) != direct {
				t.Errorf("%s: %v, a proxy is asked for: %v", base, ok, tr.Proxy != nil)
			}
		}
	}
}

func TestNoMoreThanASecondsBudgetComesAtOnce(t *testing.T) {
	t.Parallel()
	for _, k := range []struct {
		perSecond float64
		burst     int
		want      int
	}{{0, 0, 5}, {2.5, 0, 2}, {0.5, 0, 1}, {20, 0, 5}, {-1, 0, 5}, {0, 1, 1}, {0, 9, 9}} {
		w, err := NewWire(WireOptions{Base: "https://api.example.com", Token: secrets.New(testToken), PerSecond: k.perSecond, Burst: k.burst})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for at := time.Now(); n < 20 && w.budget.AllowN(at, 1); n++ {
		}
		if want := k.want; k.perSecond >= 0 && n != want || k.perSecond < 0 && n != 20 {
			t.Errorf("%+v: %d came at once", k, n)
		}
	}
}
