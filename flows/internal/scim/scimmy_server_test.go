package scim_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/flows/internal/scim"
	"github.com/usherhq/usher/secrets"
)

// A scimmy is a service that nobody here wrote: SCIMMY on Express, run by Node. With Express 4 it is
// right; with Express 5 it ignores paging and does not say so.
type scimmy struct {
	t    *testing.T
	port string
}

// installed returns the folder where `make scimmy` has put the service. Without it nothing is tested,
// which CI takes for a failure.
func installed(t *testing.T, express int) string {
	t.Helper()
	dir := filepath.Join("..", "..", "..", ".tools", "scimmy-"+strconv.Itoa(express))
	missing := func(why string) {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s: run `make scimmy`", why)
		}
		t.Skipf("NOTHING WAS TESTED: %s: run `make scimmy`", why)
	}
	if _, err := exec.LookPath("node"); err != nil {
		missing("there is no node")
	}
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "scimmy")); err != nil {
		missing("SCIMMY is not installed")
	}
	ours, err := os.ReadFile(filepath.Join("testdata", "scimmy", "server.mjs"))
	if err != nil {
		t.Fatal(err)
	}
	if theirs, err := os.ReadFile(filepath.Join(dir, "server.mjs")); err != nil || !bytes.Equal(ours, theirs) {
		missing("what is installed is not what testdata holds")
	}
	return dir
}

// serve starts a service for the time of the test, with so many people; each limit-th request is a 429.
func serve(t *testing.T, express, people, limit int) *scimmy {
	t.Helper()
	cmd := exec.CommandContext(context.Background(), "node", "server.mjs") // ended by its pid below
	cmd.Dir = installed(t, express)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "TOKEN=" + token, fmt.Sprint("USERS=", people), fmt.Sprint("LIMIT_EVERY=", limit)}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
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
	line := make(chan string, 1)
	go func() {
		s, err := bufio.NewReader(out).ReadString('\n')
		if err != nil {
			s = ""
		}
		line <- strings.TrimSpace(s)
	}()
	t.Cleanup(func() {
		if err := in.Close(); err != nil {
			t.Errorf("close the input of node: %v", err)
		}
		if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Errorf("end node: %v", err)
		}
		var exit *exec.ExitError
		if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
			t.Errorf("wait for node: %v", err)
		}
		if t.Failed() {
			t.Logf("node says: %s", stderr.String())
		}
	})
	select {
	case port := <-line:
		if port == "" {
			t.Fatalf("node did not start: it says %s", stderr.String())
		}
		return &scimmy{t, port}
	case <-time.After(time.Minute):
		t.Fatal("node did not start in a minute")
		return nil
	}
}

// truth is what the service's own store holds.
type truth struct {
	Users, Groups []record
	Log           []struct{ What, Kind, ID, Name string }
	Limited       int
}

func (s *scimmy) truth() truth {
	s.t.Helper()
	var v truth
	if err := json.Unmarshal(s.call(http.MethodGet, "/truth"), &v); err != nil {
		s.t.Fatalf("read the truth: %v", err)
	}
	return v
}

func (s *scimmy) call(method, path string) []byte {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, "http://127.0.0.1:"+s.port+path, http.NoBody)
	if err != nil {
		s.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= 300 {
		s.t.Fatalf("%s %s: %s, %v", method, path, resp.Status, err)
	}
	return b
}

// user returns what the store holds of somebody; there must be one.
func (s *scimmy) user(email string) record {
	s.t.Helper()
	all := s.truth().Users
	all = slices.DeleteFunc(all, func(r record) bool { return !strings.EqualFold(r.label(), email) })
	if len(all) != 1 {
		s.t.Fatalf("%d users of the name %s", len(all), email)
	}
	return all[0]
}

func (s *scimmy) group(name string) record {
	s.t.Helper()
	all := slices.DeleteFunc(s.truth().Groups, func(r record) bool { return r.label() != name })
	if len(all) != 1 {
		s.t.Fatalf("%d groups of the name %s", len(all), name)
	}
	return all[0]
}

func (s *scimmy) env(n *notes) flows.Env {
	env := environment("http://127.0.0.1:"+s.port+"/scim/v2/", n)
	env.Secrets["token"] = secrets.New(token)
	env.Patience = 2 * time.Second
	return env
}

func (s *scimmy) open(n *notes) *scim.Console {
	s.t.Helper()
	c, err := enter(s.t.Context(), s.t, s.env(n))
	if err != nil {
		s.t.Fatalf("open: %v", err)
	}
	return c
}

// ordered gives an order, and again where the service was too busy for it. Of a write that was turned
// away twice the client says that it does not know; as each order looks first, giving it again is no blind
// repetition, and what it came to is compared with the store.
func ordered[T any](t *testing.T, what string, do func() (T, error)) T {
	t.Helper()
	var out T
	var err error
	for range 6 {
		out, err = do()
		if code := flows.CodeOf(err); code != flows.Unavailable && code != flows.Unverified {
			break
		}
		t.Logf("%s: %v", what, err)
	}
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	return out
}
