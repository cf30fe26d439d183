package alert_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/agent/internal/alert"
)

// manager is a real Alertmanager on loopback, which tells its own receiver what it hears.
type manager struct {
	url    string
	ear    *receiver // what Alertmanager notifies
	config string
	cmd    *exec.Cmd
}

// shown is an alert as Alertmanager shows it.
type shown struct {
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	StartsAt    time.Time         `json:"startsAt"`
	EndsAt      time.Time         `json:"endsAt"`
}

func manage(t *testing.T) *manager {
	t.Helper()
	const name = "prometheus-alertmanager"
	if _, err := exec.LookPath(name); err != nil {
		const missing = "no Alertmanager: run `apt-get install prometheus-alertmanager`"
		if os.Getenv("CI") == "true" {
			t.Fatal(missing)
		}
		t.Skip("NOT TESTED: Prometheus Alertmanager: " + missing)
	}
	socket, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := &manager{url: "http://" + socket.Addr().String(), ear: listen(t, nil), config: filepath.Join(t.TempDir(), "am.yml")}
	if err := socket.Close(); err != nil {
		t.Fatal(err)
	}
	// What has no end of its own is taken for resolved after a second.
	config := fmt.Sprintf("global: {resolve_timeout: 1s}\nroute: {receiver: ear, group_by: ['...'], group_wait: 10ms, group_interval: 100ms, repeat_interval: 1h}\n"+
		"receivers: [{name: ear, webhook_configs: [{url: %q, send_resolved: true}]}]\n", m.ear.URL)
	if err := os.WriteFile(m.config, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	m.start(t)
	t.Cleanup(func() { m.stop(t) })
	return m
}

// start starts it, with nothing that it could remember.
func (m *manager) start(t *testing.T) {
	t.Helper()
	said := &lines{}
	m.cmd = exec.Command("prometheus-alertmanager", "--config.file="+m.config, "--storage.path="+t.TempDir(), //nolint:noctx // stop ends it
		"--web.listen-address="+strings.TrimPrefix(m.url, "http://"), "--cluster.listen-address=")
	m.cmd.Stdout, m.cmd.Stderr = said, said
	if err := m.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("Alertmanager: %s", said)
		}
	})
	within(t, "Alertmanager", func() bool {
		_, ok := m.get(t, "/-/ready")
		return ok
	})
}

func (m *manager) stop(t *testing.T) {
	t.Helper()
	if m.cmd == nil {
		return
	}
	if err := m.cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	if err := m.cmd.Wait(); err == nil {
		t.Error("Alertmanager ended before it was stopped")
	}
	m.cmd = nil
}

func (m *manager) get(t *testing.T, path string) (string, bool) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, m.url+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", false
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return string(b), err == nil && res.StatusCode == http.StatusOK
}

// firing is what Alertmanager's own API says.
func (m *manager) firing(t *testing.T) []shown {
	t.Helper()
	body, ok := m.get(t, "/api/v2/alerts?"+url.Values{"active": {"true"}}.Encode())
	var out []shown
	if !ok || json.Unmarshal([]byte(body), &out) != nil {
		t.Fatalf("Alertmanager says %q", body)
	}
	return out
}

// heard are the states that Alertmanager notified of, as "UsherDrift firing".
func (m *manager) heard(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, body := range m.ear.all() {
		var n struct {
			Status string
			Alerts []struct{ Labels map[string]string }
		}
		if err := json.Unmarshal([]byte(body), &n); err != nil {
			t.Fatal(err)
		}
		for _, a := range n.Alerts {
			out = append(out, a.Labels["alertname"]+" "+n.Status)
		}
	}
	return out
}

func TestAlertmanagerHoldsAnAlertOnceUntilItIsResolved(t *testing.T) {
	t.Parallel()
	am := manage(t)
	b := setup(t, nil, to("am", alert.Alertmanager, am.url))
	a := b.fire(t)
	b.flush(t)
	got := am.firing(t)
	if len(got) != 1 {
		t.Fatalf("Alertmanager has %+v", got)
	}
	for label, want := range map[string]string{"alertname": "UsherUnverified", "connection": "acme", "code": "unverified", "severity": "critical"} {
		if got[0].Labels[label] != want {
			t.Errorf("the label %s is %q, want %q", label, got[0].Labels[label], want)
		}
	}
	for name, want := range map[string]string{"summary": a.Title, "description": a.Text, "next": a.Hint, "run": "usher runs show 01RUN"} {
		if got[0].Annotations[name] != want {
			t.Errorf("the annotation %s is %q, want %q", name, got[0].Annotations[name], want)
		}
	}
	if strings.Contains(fmt.Sprint(got[0].Labels), "ana") {
		t.Errorf("a label names a person: %v", got[0].Labels)
	}
	// It stands by its own end, not by resolve_timeout.
	if got[0].EndsAt.Before(time.Now().Add(24 * time.Hour)) {
		t.Errorf("it would be taken for resolved at %s", got[0].EndsAt)
	}
	am.ear.await(t, 1)
	// Told again it is the same one; another subject's is another one, and is not resolved with it.
	b.put(t, a, agent.Fire)
	other := b.fire(t)
	b.flush(t)
	if got := am.firing(t); len(got) != 2 {
		t.Fatalf("Alertmanager has %+v", got)
	}
	am.ear.await(t, 2)
	b.resolve(t, a)
	b.flush(t)
	if got := am.firing(t); len(got) != 1 {
		t.Fatalf("Alertmanager has %+v after one of two was resolved", got)
	}
	b.resolve(t, other)
	b.flush(t)
	if got := am.firing(t); len(got) != 0 {
		t.Fatalf("Alertmanager has %+v after all were resolved", got)
	}
	am.ear.await(t, 4)
	if got := strings.Join(am.heard(t), ","); got != "UsherUnverified firing,UsherUnverified firing,UsherUnverified resolved,UsherUnverified resolved" {
		t.Errorf("Alertmanager notified of %s", got)
	}
	b.wants(t, "am", agent.DeliverySent, agent.DeliverySent, agent.DeliverySent, agent.DeliverySent, agent.DeliverySent)
	// The same matter again fires again.
	b.fire(t, func(n *agent.Alert) { n.Key = a.Key })
	b.flush(t)
	if got := am.firing(t); len(got) != 1 {
		t.Fatalf("Alertmanager has %+v after it came again", got)
	}
}

func TestAnAlertmanagerThatForgetsIsToldAgainWhatIsOpen(t *testing.T) {
	t.Parallel()
	am := manage(t)
	b := setup(t, nil)
	old := b.fire(t) // before the receiver was configured
	next := onto(t, b.path, b.clock, nil, to("am", alert.Alertmanager, am.url))
	next.n = b.n
	next.opt.Keep = 50 * time.Millisecond
	var err error
	if next.Sender, err = alert.New(next.opt); err != nil {
		t.Fatal(err)
	}
	gone := next.fire(t)
	next.Start(next.ctx(t))
	defer next.Stop()
	within(t, "both alerts", func() bool { return len(am.firing(t)) == 2 })
	am.stop(t)
	am.start(t)
	within(t, "both alerts after a restart", func() bool { return len(am.firing(t)) == 2 })
	next.resolve(t, gone)
	next.Wake()
	within(t, "one alert", func() bool {
		got := am.firing(t)
		return len(got) == 1 && got[0].Annotations["summary"] == old.Title
	})
	next.resolve(t, old)
	next.Wake()
	within(t, "no alert", func() bool { return len(am.firing(t)) == 0 })
}

func TestAResolutionThatIsNotSeenIsMadeAgain(t *testing.T) {
	t.Parallel()
	am := manage(t)
	b := setup(t, nil, to("am", alert.Alertmanager, am.url))
	a := b.fire(t)
	b.flush(t)
	b.clock.add(time.Hour) // our clock is ahead of Alertmanager's
	b.resolve(t, a)
	b.flush(t)
	d := b.wants(t, "am", agent.DeliverySent, agent.DeliveryPending)[1]
	if !strings.Contains(d.Error, "still shows it") || len(am.firing(t)) != 1 {
		t.Errorf("the delivery is %+v, and Alertmanager has %+v", d, am.firing(t))
	}
}

func TestAnAlertThatIsResolvedWhileItIsToldAgainIsTakenBack(t *testing.T) {
	t.Parallel()
	door := listen(t, nil)
	b := setup(t, nil, to("am", alert.Alertmanager, door.URL))
	b.opt.Keep = 20 * time.Millisecond
	var err error
	if b.Sender, err = alert.New(b.opt); err != nil {
		t.Fatal(err)
	}
	a := b.fire(t)
	b.flush(t)
	b.wants(t, "am", agent.DeliverySent)
	// Another process resolves it, and its word is there before ours.
	other := onto(t, b.path, b.clock, nil)
	var once sync.Once
	door.set(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			once.Do(func() { other.resolve(t, a) })
		}
		if _, err := io.WriteString(w, "[]"); err != nil {
			t.Error(err)
		}
	})
	b.Start(b.ctx(t))
	defer b.Stop()
	bodies := door.await(t, 4) // fired, told again, taken back, looked at
	for i, open := range []bool{true, true, false} {
		var got []shown
		if err := json.Unmarshal([]byte(bodies[i]), &got); err != nil || len(got) != 1 {
			t.Fatalf("request %d is %q, %v", i, bodies[i], err)
		}
		if got[0].EndsAt.After(time.Now()) != open {
			t.Errorf("request %d says that it ends at %s", i, got[0].EndsAt)
		}
	}
}

func TestAnAlertmanagerBehindAPasswordIsToldTheSecret(t *testing.T) {
	t.Parallel()
	for user, want := range map[string]string{"": "Bearer s3cretword", "kim": "Basic a2ltOnMzY3JldHdvcmQ="} {
		door := listen(t, nil)
		r := to("am", alert.Alertmanager, door.URL+"/prefix/")
		r.User, r.Secret = user, "word"
		b := setup(t, map[string]string{"word": "s3cretword\n"}, r)
		b.fire(t)
		b.flush(t)
		b.wants(t, "am", agent.DeliverySent)
		if got := door.got[0]; got.Header.Get("Authorization") != want || got.URL.Path != "/prefix/api/v2/alerts" {
			t.Errorf("%s is asked with %q, want %q", got.URL.Path, got.Header.Get("Authorization"), want)
		}
	}
}
