package alert_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/agent/internal/alert"
	"github.com/usherhq/usher/agent/internal/store"
	"github.com/usherhq/usher/flows"
)

func TestWhatIsDueIsDeliveredOnceAndInOrder(t *testing.T) {
	t.Parallel()
	hook := listen(t, nil)
	b := setup(t, nil, to("hook", alert.Webhook, hook.URL))
	a := b.fire(t)
	b.resolve(t, a)
	b.fire(t)
	b.flush(t)
	b.flush(t)
	b.wants(t, "hook", agent.DeliverySent, agent.DeliverySent, agent.DeliverySent)
	var got []string
	for _, body := range hook.all() {
		var p alert.Payload
		if err := json.Unmarshal([]byte(body), &p); err != nil {
			t.Fatal(err)
		}
		got = append(got, string(p.Kind)+" "+p.Alert.ID)
	}
	if want := "fire alert-1,resolve alert-1,fire alert-2"; strings.Join(got, ",") != want {
		t.Errorf("the receiver got %q", got)
	}
}

func TestADeliveryOutlivesItsProcessAndComesWhenTheReceiverIsUpAgain(t *testing.T) {
	t.Parallel()
	hook := listen(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	b := setup(t, nil, to("hook", alert.Webhook, hook.URL))
	b.resolve(t, b.fire(t))
	b.flush(t)
	d := b.wants(t, "hook", agent.DeliveryPending, agent.DeliveryPending)[0]
	if d.Tries != 1 || !strings.Contains(d.Error, "Bad Gateway (502)") || !d.Next.Equal(d.Created.Add(10*time.Second)) {
		t.Errorf("after a failure the delivery is %+v", d)
	}
	b.flush(t) // too early for the one, and the other waits for it
	if n := len(hook.all()); n != 1 {
		t.Fatalf("%d requests before it was due", n)
	}
	b.clock.add(10 * time.Second)
	next := onto(t, b.path, b.clock, nil, to("hook", alert.Webhook, hook.URL))
	next.flush(t)
	d = next.wants(t, "hook", agent.DeliveryPending, agent.DeliveryPending)[0]
	if d.Tries != 2 || !d.Next.Equal(d.Created.Add(10*time.Second+time.Minute)) {
		t.Errorf("after another failure the delivery is %+v", d)
	}
	hook.set(nil)
	b.clock.add(time.Minute)
	next.flush(t)
	next.wants(t, "hook", agent.DeliverySent, agent.DeliverySent)
	if n := len(hook.all()); n != 4 {
		t.Errorf("%d requests, want two that failed and two that did not", n)
	}
}

func TestADeliveryIsGivenUpAfterADayAndThatIsSaid(t *testing.T) {
	t.Parallel()
	hook := listen(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	b := setup(t, nil, to("hook", alert.Webhook, hook.URL))
	b.fire(t)
	for range 40 {
		b.flush(t)
		b.clock.add(time.Hour)
	}
	d := b.wants(t, "hook", agent.DeliveryFailed)[0]
	if d.Tries != 25 || d.Tries != len(hook.all()) || !strings.Contains(d.Error, "Forbidden (403)") {
		t.Errorf("the delivery is %+v after %d requests", d, len(hook.all()))
	}
	contains(t, "the log", b.log.String(), `"message":"alert not delivered, and given up"`, `"sink":"hook"`)
}

func TestOneReceiverHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	stuck := make(chan struct{})
	defer close(stuck)
	hang := func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-stuck:
		case <-r.Context().Done():
		}
	}
	slow, chat, good := listen(t, hang), listen(t, hang), listen(t, nil)
	values := map[string]string{"chat": "generic+" + chat.URL}
	b := setup(t, values, to("slow", alert.Webhook, slow.URL), to("chat", alert.Shoutrrr, "chat"), to("good", alert.Webhook, good.URL),
		to("none", alert.Shoutrrr, "nothing"))
	b.opt.Timeout = 300 * time.Millisecond
	var err error
	if b.Sender, err = alert.New(b.opt); err != nil {
		t.Fatal(err)
	}
	b.fire(t)
	b.fire(t)
	b.flush(t)
	b.wants(t, "good", agent.DeliverySent, agent.DeliverySent)
	for sink, why := range map[string]string{"slow": "deadline exceeded", "chat": "generic did not answer in time", "none": "no such secret"} {
		d := b.wants(t, sink, agent.DeliveryPending, agent.DeliveryPending)
		if d[0].Tries != 1 || d[1].Tries != 0 || !strings.Contains(d[0].Error, why) {
			t.Errorf("%s: the deliveries are %+v", sink, d)
		}
	}
}

func TestOfTwoProcessesOneDelivers(t *testing.T) {
	t.Parallel()
	const alerts = 12
	hook := listen(t, nil)
	one := setup(t, nil, to("hook", alert.Webhook, hook.URL))
	two := onto(t, one.path, one.clock, nil, to("hook", alert.Webhook, hook.URL))
	for range alerts {
		one.fire(t)
	}
	var wg sync.WaitGroup
	for _, b := range []*box{one, two} {
		for range 2 {
			wg.Go(func() {
				if err := b.Flush(b.ctx(t)); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	names := map[string]int{}
	hook.mu.Lock()
	defer hook.mu.Unlock()
	for _, r := range hook.got {
		names[r.Header.Get(alert.HeaderDelivery)]++
	}
	if len(names) != alerts || len(hook.got) != alerts {
		t.Errorf("%d requests for %d deliveries, want %d", len(hook.got), len(names), alerts)
	}
}

func TestAStartedSenderSendsWhatComesAndStopWaits(t *testing.T) {
	t.Parallel()
	hook := listen(t, nil)
	b := setup(t, nil, to("hook", alert.Webhook, hook.URL))
	b.fire(t)
	b.Start(b.ctx(t))
	b.Start(b.ctx(t))
	hook.await(t, 1)
	b.fire(t)
	b.Wake() // or it would wait for its time
	hook.await(t, 2)
	b.Stop()
	b.Stop()
	b.wants(t, "hook", agent.DeliverySent, agent.DeliverySent)
	b.fire(t)
	b.Wake()
	b.wants(t, "hook", agent.DeliverySent, agent.DeliverySent, agent.DeliveryPending)
}

func TestASendThatIsBrokenOffIsMadeAgain(t *testing.T) {
	t.Parallel()
	inside := make(chan struct{}, 1)
	hook := listen(t, func(_ http.ResponseWriter, r *http.Request) {
		inside <- struct{}{}
		<-r.Context().Done()
	})
	b := setup(t, nil, to("hook", alert.Webhook, hook.URL))
	b.fire(t)
	b.Start(b.ctx(t))
	<-inside
	b.Stop()
	d := b.wants(t, "hook", agent.DeliveryPending)[0]
	if d.Error != "broken off" {
		t.Errorf("the delivery is %+v", d)
	}
	hook.set(nil)
	b.clock.add(10 * time.Second)
	next := onto(t, b.path, b.clock, nil, to("hook", alert.Webhook, hook.URL))
	next.flush(t)
	next.wants(t, "hook", agent.DeliverySent)
}

func TestNoPartOfAnAddressIsInAnErrorALogOrTheDatabase(t *testing.T) {
	t.Parallel()
	refused := httptest.NewServer(http.NotFoundHandler())
	dead := refused.Listener.Addr().String()
	refused.Close()
	angry := listen(t, func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "no "+r.URL.String(), http.StatusNotFound)
	})
	const token, key, user, word = "tok3nT0Kentok3n", "k3yofthehmac", "us3rname", "p4ssw0rdp4ssw0rd"
	values := map[string]string{
		"generic": "generic+http://" + dead + "/" + token + "?template=json&@Authorization=" + word,
		"angry":   "generic+" + angry.URL + "/" + token,
		"smtp":    "smtp://" + user + ":" + word + "@" + dead + "/?from=usher@example.com&to=ops@example.com&auth=plain",
		"broken":  "smtp://" + user + ":" + word + "@" + dead + "/?" + token + "=1",
		"odd":     "nosuchservice://" + token + "@" + word,
		"bad":     "slack://" + token + "@" + word + "\x7f",
		"slack":   "slack://" + user + ":" + token + "@" + word,
		"hook":    "http://" + dead + "/" + token,
		"far":     "http://receiver.example/" + token,
		"redir":   angry.URL + "/" + token,
		"key":     key,
		"am":      "http://" + user + ":" + word + "@" + dead + "/" + token,
	}
	receivers := []alert.Receiver{to("am", alert.Alertmanager, "am")}
	for _, name := range []string{"generic", "angry", "smtp", "broken", "odd", "bad", "slack"} {
		receivers = append(receivers, to(name, alert.Shoutrrr, name))
	}
	for _, name := range []string{"hook", "far", "redir"} {
		r := to(name, alert.Webhook, name)
		r.Secret = "key"
		receivers = append(receivers, r)
	}
	b := setup(t, values, receivers...)
	b.fire(t)
	b.flush(t)
	said := b.log.String()
	for _, trial := range b.Test(b.ctx(t)) {
		if trial.Err == nil {
			t.Errorf("%s delivered", trial.Sink)
			continue
		}
		said += trial.Err.Error() + flows.HintOf(trial.Err)
	}
	for _, r := range receivers {
		d := b.wants(t, r.Name, agent.DeliveryPending)[0]
		if d.Error == "" {
			t.Errorf("%s: the outbox does not say what went wrong", r.Name)
		}
		t.Logf("%s: %s", r.Name, d.Error)
	}
	files, err := filepath.Glob(b.path + "*")
	if err != nil || len(files) == 0 {
		t.Fatalf("the database is %q, %v", files, err)
	}
	for _, f := range files {
		bytes, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		said += string(bytes)
	}
	for _, secret := range []string{token, key, user, word} {
		if strings.Contains(said, secret) {
			t.Errorf("%q stands in what was said or kept", secret)
		}
	}
	contains(t, "what was said", said, "connection refused", "Not Found (404)")
}

func TestATestGoesThroughTheReceiversThatAreNamed(t *testing.T) {
	t.Parallel()
	good, bad := listen(t, nil), listen(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	b := setup(t, map[string]string{"chat": "generic+" + good.URL},
		to("good", alert.Webhook, good.URL), to("bad", alert.Webhook, bad.URL), to("chat", alert.Shoutrrr, "chat"))
	trials := b.Test(b.ctx(t))
	if len(trials) != 3 || trials[0].Err != nil || trials[2].Err != nil {
		t.Fatalf("the trials are %+v", trials)
	}
	if err := trials[1].Err; flows.CodeOf(err) != flows.Unavailable || flows.HintOf(err) == "" {
		t.Errorf("the receiver that is down: %v", err)
	}
	if trials := b.Test(b.ctx(t), "chat"); len(trials) != 1 || trials[0].Sink != "chat" || trials[0].Kind != alert.Shoutrrr {
		t.Errorf("the trials are %+v", trials)
	}
	for _, body := range good.await(t, 3) {
		contains(t, "the test", body, "a test of the receiver", "Nothing is wrong")
	}
	all, err := b.db.Alerts(t.Context(), agent.AlertFilter{})
	if err != nil || len(all) != 0 {
		t.Errorf("a test left %+v, %v", all, err)
	}
}

func TestAReceiverThatCannotWorkIsRefused(t *testing.T) {
	t.Parallel()
	only := to("x", alert.Webhook, "https://example.com")
	only.Only = []flows.Code{flows.NotFound}
	user := to("x", alert.Webhook, "https://example.com")
	user.User = "kim"
	lone := to("x", alert.Alertmanager, "https://example.com")
	lone.User = "kim"
	extra := to("x", alert.Shoutrrr, "age:x")
	extra.Secret = "age:y"
	for name, r := range map[string]alert.Receiver{
		"no kind": to("x", "", "https://example.com"), "no url": to("x", alert.Webhook, ""), "http": to("x", alert.Alertmanager, "http://example.com"),
		"a password in the open": to("x", alert.Webhook, "https://kim:token@example.com"), "no address": to("x", alert.Webhook, "ftp://example.com"), "a secret in the open": to("x", alert.Shoutrrr, "slack://token@channel"),
		"a code that never alerts": only, "a user": user, "a user without a secret": lone, "a secret too many": extra,
	} {
		if _, err := alert.Check(r); err == nil || strings.Contains(err.Error(), "token") {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := alert.New(alert.Options{Outbox: &store.DB{}, Secrets: setupSecrets, Receivers: []alert.Receiver{r}}); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	for _, r := range []alert.Receiver{
		to("x", alert.Webhook, "https://example.com/hook"), to("x", alert.Webhook, "age:hook"), to("x", alert.Alertmanager, "http://[::1]:9093"),
		to("x", alert.Shoutrrr, "exec:op read 'op://it/slack/url'"),
	} {
		if _, err := alert.Check(r); err != nil {
			t.Errorf("%s: %v", r.URL, err)
		}
	}
}
