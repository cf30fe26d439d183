package main

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/usherhq/usher/agent/internal/alert"
)

func TestTheReadmesReceiversAreTaken(t *testing.T) {
	t.Parallel()
	_, rest, ok := strings.Cut(readme(t), "```yaml\nalerts:\n")
	example, _, closed := strings.Cut(rest, "```")
	if !ok || !closed {
		t.Fatal("the README has no example of alerts")
	}
	known, err := apps()
	if err != nil {
		t.Fatal(err)
	}
	conf, err := parseConfig(filepath.Join(t.TempDir(), configName), []byte("key: env:K\nalerts:\n"+example), known)
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]bool{}
	for _, r := range conf.receivers() {
		kinds[r.Kind] = true
	}
	if len(kinds) != len(alert.Kinds()) || len(conf.alertSecrets()) != 4 {
		t.Errorf("the example has the kinds %v and %d secrets", kinds, len(conf.alertSecrets()))
	}
}

func TestTheReadmesWebhookIsTheOneThatIsPosted(t *testing.T) {
	t.Parallel()
	dec := json.NewDecoder(bytes.NewBufferString(strings.Join(marked(t, "json: webhook"), "\n")))
	dec.DisallowUnknownFields()
	var p alert.Payload
	if err := dec.Decode(&p); err != nil {
		t.Fatal(err)
	}
	// Every field of the shape is shown.
	shown, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range leavesOf(t, shown) {
		if !strings.Contains(strings.Join(marked(t, "json: webhook"), ""), `"`+field+`":`) {
			t.Errorf("the README does not show %s", field)
		}
	}
}

// leavesOf returns the names of a JSON object's fields, and of those in it.
func leavesOf(t *testing.T, object []byte) (names []string) {
	t.Helper()
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(object, &fields); err != nil {
		t.Fatal(err)
	}
	for name, value := range fields {
		names = append(names, name)
		if bytes.HasPrefix(value, []byte("{")) {
			names = append(names, leavesOf(t, value)...)
		}
	}
	return names
}
