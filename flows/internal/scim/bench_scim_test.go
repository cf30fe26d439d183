package scim_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/flows/internal/scim"
)

// What a list costs, beside a bare loop of the same requests. The service is another process, so that
// what is measured here is the client's own.

const (
	benchRounds = 9
	benchPeople = "USHER_SCIM_BENCH_PEOPLE"
	benchPage   = "USHER_SCIM_BENCH_PAGE"
)

// benched is one user as the service of the benchmark shows him: what real ones show, some 700 bytes.
func benched(i int) []byte {
	name := fmt.Sprintf("person%05d@example.com", i)
	b, err := json.Marshal(map[string]any{
		"schemas": []string{userURN, enterURN}, "id": fmt.Sprintf("5cf535ea-d457-417e-9b9f-%012d", i), "externalId": fmt.Sprintf("00u%017d", i),
		"userName": name, "displayName": fmt.Sprintf("Person %d", i), "active": i%7 != 0, "title": "Specialist", "locale": "en-US", "timezone": "Europe/Berlin",
		"name":   map[string]any{"givenName": "Person", "familyName": strconv.Itoa(i), "formatted": fmt.Sprintf("Person %d", i)},
		"emails": []any{map[string]any{"value": name, "type": "work", "primary": true}},
		enterURN: map[string]any{"employeeNumber": strconv.Itoa(i), "department": "Support", "costCenter": "4711", "organization": "Example"},
		"meta":   map[string]any{"resourceType": "User", "created": "2026-01-02T03:04:05Z", "lastModified": "2026-01-02T03:04:05Z", "location": "/Users/" + strconv.Itoa(i)},
	})
	if err != nil {
		panic(err) // it is all text
	}
	return b
}

// benchServe is the other process: a service that has its pages ready, prints its address, remembers
// what it was asked for, and ends with its standard input.
func benchServe() error {
	people, err := strconv.Atoi(os.Getenv(benchPeople))
	if err != nil {
		return err
	}
	page, err := strconv.Atoi(os.Getenv(benchPage))
	if err != nil {
		return err
	}
	all := make([][]byte, people)
	for i := range all {
		all[i] = benched(i + 1)
	}
	var mu sync.Mutex
	requests := []string{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /asked", func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if err := json.NewEncoder(w).Encode(requests); err == nil {
			requests = requests[:0]
		}
	})
	mux.HandleFunc("GET /Users", func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		requests = append(requests, r.URL.RequestURI())
		mu.Unlock()
		q := r.URL.Query()
		start := max(number(q, "startIndex", 1), 1)
		from := min(start-1, people)
		to := min(from+min(number(q, "count", page), page), people)
		w.Header().Set("Content-Type", scimJSON)
		out := bufio.NewWriterSize(w, 128<<10)
		tell(out, `{"schemas":[%q],"totalResults":%d,"startIndex":%d,"itemsPerPage":%d,"Resources":[`, listURN, people, start, to-from)
		for i, u := range all[from:to] {
			if i > 0 {
				u = append([]byte(","), u...)
			}
			tell(out, "%s", u)
		}
		tell(out, "]}")
		if err := out.Flush(); err != nil {
			return // the client went away
		}
	})
	mux.HandleFunc("GET /ServiceProviderConfig", func(w http.ResponseWriter, _ *http.Request) {
		tell(w, `{"patch":{"supported":true},"filter":{"supported":true,"maxResults":%d}}`, page)
	})
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(listener) }()
	tell(os.Stdout, "at http://%s\n", listener.Addr())
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}
	if err := srv.Close(); err != nil {
		return err
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// benchService starts the other process and returns its address.
func benchService(t testing.TB, people, page int) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), benchPeople+"="+strconv.Itoa(people), benchPage+"="+strconv.Itoa(page))
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := in.Close(); err != nil {
			t.Errorf("close the input of the service: %v", err)
		}
		if err := cmd.Wait(); err != nil && t.Context().Err() == nil {
			t.Errorf("the service: %v", err)
		}
	})
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if at, ok := strings.CutPrefix(lines.Text(), "at "); ok {
			go io.Copy(io.Discard, out) //nolint:errcheck // so that it is never held up by what nobody reads
			return at
		}
	}
	t.Fatal("the service did not start")
	return ""
}

// bare makes the same requests, reads and decodes each body into the least that a client must know, and
// counts the different ids.
func bare(ctx context.Context, client *http.Client, at string, requests []string) (ids int, err error) {
	seen := map[string]bool{}
	for _, uri := range requests {
		b, err := body(ctx, client, at+uri)
		if err != nil {
			return 0, err
		}
		var v struct {
			TotalResults int
			Resources    []struct{ ID string }
		}
		if err := json.Unmarshal(b, &v); err != nil {
			return 0, err
		}
		for _, r := range v.Resources {
			seen[r.ID] = true
		}
	}
	return len(seen), nil
}

func body(ctx context.Context, client *http.Client, url string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return io.ReadAll(resp.Body)
}

// asked returns what the service was asked for since the last time.
func asked(t testing.TB, client *http.Client, at string) (requests []string) {
	t.Helper()
	b, err := body(t.Context(), client, at+"/asked")
	if err == nil {
		err = json.Unmarshal(b, &requests)
	}
	if err != nil {
		t.Fatal(err)
	}
	return requests
}

// nowhere is a recorder that keeps nothing: what is kept is the store's cost, and not the client's.
type nowhere struct{}

func (nowhere) Record(context.Context, flows.Step) error { return nil }

// A bout is what one list cost, or one bare loop.
type bout struct {
	took time.Duration
	peak uint64
}

func median(all []bout) bout {
	by := func(f func(bout) int64) int64 {
		var v []int64
		for _, b := range all {
			v = append(v, f(b))
		}
		slices.Sort(v)
		return v[len(v)/2]
	}
	return bout{time.Duration(by(func(b bout) int64 { return int64(b.took) })), uint64(by(func(b bout) int64 { return int64(b.peak) }))} //nolint:gosec // bytes
}

// race lists so many people in pages of that size, again and again, by turns with the bare loop. What is
// listed is compared with what the service holds.
func race(t testing.TB, people, page, rounds int) (list, loop bout, requests int) {
	t.Helper()
	at := benchService(t, people, page)
	env := environment(at, &notes{})
	env.Record = nowhere{}
	c, err := scim.Open(t.Context(), env, scim.Shape{App: shape().App})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // it reads only
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	var lists, loops []bout
	for range rounds {
		asked(t, client, at)
		var r *flows.Roster
		b := bout{}
		b.peak = highWater(t, func() {
			began := time.Now()
			if r, err = c.List(t.Context()); err != nil {
				t.Fatal(err)
			}
			b.took = time.Since(began)
		})
		lists = append(lists, b)
		allThere(t, r, people)
		r = nil
		again, ids := asked(t, client, at), 0
		b.peak = highWater(t, func() {
			began := time.Now()
			if ids, err = bare(t.Context(), client, at, again); err != nil {
				t.Fatal(err)
			}
			b.took = time.Since(began)
		})
		loops = append(loops, b)
		if requests = len(again); ids != people {
			t.Fatalf("the bare loop saw %d of %d in %d requests", ids, people, requests)
		}
	}
	return median(lists), median(loops), requests
}

// allThere compares a roster with the users that the service was started with.
func allThere(t testing.TB, r *flows.Roster, people int) {
	t.Helper()
	if r.Grade != flows.Complete || len(r.Accounts) != people {
		t.Fatalf("%s, %d of %d: %+v", r.Grade, len(r.Accounts), people, r.Witnesses)
	}
	for i, a := range r.Accounts {
		state := flows.Active
		if (i+1)%7 == 0 {
			state = flows.Deactivated
		}
		if want := fmt.Sprintf("person%05d@example.com", i+1); a.Email != want || a.State != state || a.Name != fmt.Sprintf("Person %d", i+1) {
			t.Fatalf("the account at %d is %+v; want %s, %s", i+1, a, want, state)
		}
	}
}

func BenchmarkSCIM10000(b *testing.B) {
	list, loop, requests := race(b, 10_000, 100, benchRounds)
	ratio := list.took.Seconds() / loop.took.Seconds()
	b.ReportMetric(list.took.Seconds(), "s/list")
	b.ReportMetric(loop.took.Seconds(), "s/bare-loop")
	b.ReportMetric(ratio, "ratio")
	b.ReportMetric(float64(list.peak)/(1<<20), "peak-MiB")
	b.Logf("10000 accounts in %d requests: the list takes %s, a bare HTTP loop of the same requests %s: %.2f times (goal: 1.15); medians of %d rounds by turns",
		requests, list.took.Round(time.Millisecond), loop.took.Round(time.Millisecond), ratio, benchRounds)
	b.Logf("heap at most: the list %.1f MiB, with all accounts in it; the bare loop %.1f MiB", mib(list.peak), mib(loop.peak))
	for _, people := range []int{2_000, 10_000} {
		large, _, few := race(b, people, 100, 5)
		small, _, many := race(b, people, 25, 5)
		b.Logf("%d accounts: heap at most %.1f MiB in %d requests of 100, %.1f MiB in %d requests of 25", people, mib(large.peak), few, mib(small.peak), many)
	}
}

func mib(n uint64) float64 { return float64(n) / (1 << 20) }

// The small part of the benchmark: the list is right, in as many requests as it needs, whatever the pages.
func TestAThousandAreListedInAsManyRequestsAsPages(t *testing.T) {
	t.Parallel()
	for _, page := range []int{25, 100} {
		// A page may be read with one of the last, and the total is asked for twice.
		if _, _, requests := race(t, 1000, page, 1); requests > 1000/(page-1)+3 {
			t.Errorf("%d requests for 1000 accounts in pages of %d", requests, page)
		}
	}
}
