package alert

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/flows"
)

// alertmanager speaks the API v2 of Prometheus Alertmanager.
type alertmanager struct {
	at           address
	user, secret string
	client       *http.Client
}

var (
	_ driver = (*alertmanager)(nil)
	_ keeper = (*alertmanager)(nil)
)

const (
	// standsFor is how long an alert stands in Alertmanager without our word. Without an end of our
	// own it would be taken for resolved after resolve_timeout (five minutes), while only `usher
	// serve` tells it again; an alert is not resolved because usher does not run.
	standsFor = 7 * 24 * time.Hour
	// testStandsFor is how long a test stands.
	testStandsFor = time.Minute
)

// posted is an alert as the API takes it.
type posted struct {
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	StartsAt    time.Time         `json:"startsAt"`
	EndsAt      time.Time         `json:"endsAt"`
}

// postedOf is the alert with the end that it has, or until which it stands.
func postedOf(a agent.Alert, ends time.Time) posted {
	p := posted{
		Labels: map[string]string{
			"alertname": alertName(a.Code), "connection": a.Connection, "code": string(a.Code), "severity": severity(a), "key": keyLabel(a.Key),
		},
		Annotations: map[string]string{"summary": flows.Clean(a.Title), "description": flows.Clean(a.Text)},
		StartsAt:    a.First, EndsAt: ends,
	}
	if a.Hint != "" {
		p.Annotations["next"] = flows.Clean(a.Hint)
	}
	if a.Run != "" {
		p.Annotations["run"] = "usher runs show " + flows.Clean(a.Run)
	}
	return p
}

// alertName is the name of a code's alerts: UsherLoginRefused.
func alertName(code flows.Code) string {
	name := "Usher"
	for word := range strings.SplitSeq(string(code), "_") {
		if word != "" {
			name += strings.ToUpper(word[:1]) + word[1:]
		}
	}
	return name
}

// keyLabel tells two alerts of one code apart without naming a person in a label.
func keyLabel(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:6])
}

// send fires the alert, or resolves it and looks whether it is gone.
func (am *alertmanager) send(ctx context.Context, m message) error {
	if m.kind == agent.Resolve {
		if err := am.post(ctx, []posted{postedOf(m.alert, m.alert.Resolved)}); err != nil {
			return err
		}
		return am.gone(ctx, m.alert)
	}
	stands := standsFor
	if m.test {
		stands = testStandsFor
	}
	return am.post(ctx, []posted{postedOf(m.alert, m.now.Add(stands))})
}

// keep says again that the alerts are open: an Alertmanager that was restarted has forgotten them.
func (am *alertmanager) keep(ctx context.Context, now time.Time, open []agent.Alert) error {
	all := make([]posted, 0, len(open))
	for _, a := range open {
		all = append(all, postedOf(a, now.Add(standsFor)))
	}
	return am.post(ctx, all)
}

func (am *alertmanager) post(ctx context.Context, alerts []posted) error {
	body, err := json.Marshal(alerts)
	if err != nil {
		return err
	}
	_, err = am.ask(ctx, http.MethodPost, nil, body)
	return err
}

// gone returns an error while the alert still stands there, as it does where that machine's clock is
// behind ours and the end is yet to come. It is resolved again then.
func (am *alertmanager) gone(ctx context.Context, a agent.Alert) error {
	answer, err := am.ask(ctx, http.MethodGet, url.Values{"filter": {`key="` + keyLabel(a.Key) + `"`}}, nil)
	if err != nil {
		return err
	}
	var still []struct {
		EndsAt time.Time `json:"endsAt"`
	}
	if err := json.Unmarshal(answer, &still); err != nil {
		return flows.Errorf(flows.Invalid, opSend, "the receiver's answer is not that of an Alertmanager").WithHint("see to the receiver's url")
	}
	if len(still) > 0 {
		return flows.Errorf(flows.Unavailable, opSend, "the alert was resolved, and Alertmanager still shows it").
			WithHint("compare the clocks of the two machines; it is resolved again")
	}
	return nil
}

// ask makes a request of the API.
func (am *alertmanager) ask(ctx context.Context, method string, query url.Values, body []byte) ([]byte, error) {
	raw, clean, err := am.at.resolve(ctx)
	if err != nil {
		return nil, err
	}
	base, err := safeAddress(raw.Reveal())
	if err != nil {
		return nil, flows.Errorf(flows.Invalid, opSend, "%w", err).WithHint("see to the receiver's url")
	}
	u := base.JoinPath("api", "v2", "alerts")
	u.RawQuery = query.Encode()
	word := ""
	if am.secret != "" {
		v, err := am.at.secret(ctx, am.secret)
		if err != nil {
			return nil, err
		}
		clean.also(v)
		word = v.Reveal()
	}
	return ask(ctx, am.client, method, u, body, func(r *http.Request) {
		switch {
		case am.user != "":
			r.SetBasicAuth(am.user, word)
		case word != "":
			r.Header.Set("Authorization", "Bearer "+word)
		}
	}, clean)
}
