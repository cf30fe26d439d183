package scim

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/secrets"
)

const (
	perSecond = 5.0               // requests, where the connection names no other budget
	burst     = 5                 // requests that may come at once: a second's budget
	bound     = 120 * time.Second // of one request with its whole reply; some services need 45 s
	mostBody  = 16 << 20          // bytes of a reply, unpacked
	mostError = 64 << 10          // bytes of a reply that is no success
)

// The media types of SCIM, and what some services insist on.
const (
	typeSCIM = "application/scim+json"
	typeJSON = "application/json"
	accepts  = typeSCIM + ", " + typeJSON + ";q=0.9"
)

// WireOptions say how a [Wire] speaks. Base and Token are required.
type WireOptions struct {
	// Base is the address of the service: https, or plain http to this machine itself.
	Base string
	// Scheme stands before the token in the Authorization header: "Bearer" (the default) or "Token".
	Scheme string
	Token  secrets.Value
	// PerSecond is the budget of requests; 0 means five, less than 0 means no bound.
	PerSecond float64
	// Burst is how many requests may come at once; 0 means five, and no more than one second's budget.
	Burst int
	// Bound is how long one request may take, with its reply; 0 means two minutes.
	Bound time.Duration
	// Now is the clock, for a Retry-After that is a date; nil means the machine's.
	Now func() time.Time
	// Sleep waits between the tries of one request; nil means real time.
	Sleep func(ctx context.Context, d time.Duration) error
	// Record is told of every request that did not go as it should; nil means nobody is.
	Record flows.Recorder
}

// A Wire is the HTTP side of one service: its address, its token, its budget of requests. It repeats
// what only reads, and never what may write.
type Wire struct {
	base   *url.URL
	scheme string
	token  secrets.Value
	mask   *secrets.Mask
	reads  *http.Client
	writes *http.Client
	budget *rate.Limiter
	bound  time.Duration
	now    func() time.Time
	sleep  func(ctx context.Context, d time.Duration) error
	record flows.Recorder
}

// NewWire returns a Wire, or Invalid where the address or the token cannot be used.
func NewWire(o WireOptions) (*Wire, error) {
	base, err := parseBase(o.Base)
	if err != nil {
		return nil, err
	}
	if err := checkToken(o.Token); err != nil {
		return nil, err
	}
	w := &Wire{
		base: base, scheme: o.Scheme, token: o.Token, mask: secrets.NewMask(o.Token),
		bound: o.Bound, now: o.Now, sleep: o.Sleep, record: o.Record,
	}
	if w.scheme == "" {
		w.scheme = "Bearer"
	}
	if w.bound == 0 {
		w.bound = bound
	}
	if w.now == nil {
		w.now = time.Now
	}
	if w.sleep == nil {
		w.sleep = sleep
	}
	limit, most := rate.Limit(o.PerSecond), o.Burst
	if o.PerSecond == 0 {
		limit = perSecond
	}
	if o.PerSecond < 0 {
		limit = rate.Inf
	}
	if most <= 0 {
		most = burst
		if limit < burst {
			most = max(1, int(limit))
		}
	}
	w.budget = rate.NewLimiter(limit, most)
	w.reads = &http.Client{Transport: transport(base, false), CheckRedirect: sameOrigin}
	// A write gets a connection of its own: on a kept one that the service closes just then, the
	// reply is lost and nobody knows what became of the write.
	w.writes = &http.Client{Transport: transport(base, true), CheckRedirect: noRedirect}
	return w, nil
}

// transport speaks HTTP/1.1 only, where it is plain that a request is sent once.
func transport(base *url.URL, once bool) *http.Transport {
	proxy := http.ProxyFromEnvironment
	if loopback(base.Hostname()) {
		// What is for this machine never leaves it. Of the names, ProxyFromEnvironment spares only
		// "localhost" in lower case.
		proxy = nil
	}
	return &http.Transport{
		Proxy:                  proxy,
		DialContext:            (&net.Dialer{Timeout: 15 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    15 * time.Second,
		MaxIdleConns:           2,
		IdleConnTimeout:        30 * time.Second,
		DisableKeepAlives:      once,
		MaxResponseHeaderBytes: 256 << 10,
	}
}

// parseBase reads the address of a service. It ends in no slash.
func parseBase(s string) (*url.URL, error) {
	const op = "read the address of the service"
	bad := func(why string) error {
		return flows.Errorf(flows.Invalid, op, "%s", why).
			WithHint("set url to the SCIM base URL that the app shows, such as https://api.example.com/scim/v2")
	}
	u, err := url.Parse(strings.TrimSpace(s))
	switch {
	case err != nil:
		return nil, bad("it is no address") // what does not parse may hold anything
	case s == "":
		return nil, bad("there is none")
	case u.User != nil:
		return nil, bad("it holds a user name or a password")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, bad("it has a query or a fragment")
	case u.Opaque != "" || u.Hostname() == "":
		return nil, bad("it names no host")
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return nil, bad("plain http would show the token to everybody on the way")
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, bad("it is not https")
	}
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), strings.TrimRight(u.RawPath, "/")
	return u, nil
}

// loopback says whether the host is this machine, whatever a name server says.
func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

func checkToken(t secrets.Value) error {
	const op = "read the token"
	if t.Empty() {
		return flows.Errorf(flows.Invalid, op, "there is none").WithHint("`usher secrets set` stores it; `usher connect` asks for it")
	}
	if strings.ContainsFunc(t.Reveal(), func(r rune) bool { return r <= ' ' || r > '~' }) {
		return flows.Errorf(flows.Invalid, op, "it holds characters that no token has, such as a space or the end of a line").
			WithHint("store it again with `usher secrets set`, without what was copied beside it")
	}
	return nil
}

// at returns the address of a path below the base. A path is made of segments that are escaped.
func (w *Wire) at(path string, query url.Values) string {
	s := w.base.String()
	if path = strings.TrimLeft(path, "/"); path != "" {
		s += "/" + path
	}
	if len(query) > 0 {
		s += "?" + query.Encode()
	}
	return s
}

// errTooMuch ends the reading of a reply that is longer than any honest one.
var errTooMuch = errors.New("the reply is longer than 16 MiB")

// send sends one request, once. Its error says that there was no whole reply: of a write nobody
// knows then whether it was done.
func (w *Wire) send(ctx context.Context, method, path string, query url.Values, body []byte, header http.Header) (*Reply, error) {
	if err := w.budget.Wait(ctx); err != nil {
		return nil, fmt.Errorf("wait for the budget of requests: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, w.bound)
	defer cancel()
	var content io.Reader
	if body != nil {
		content = bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, w.at(path, query), content)
	if err != nil {
		return nil, bare(err)
	}
	for k, v := range header {
		req.Header[k] = v
	}
	req.Header.Set("Accept", accepts)
	req.Header.Set("User-Agent", "usher")
	req.Header.Set("Authorization", w.scheme+" "+w.token.Reveal())
	client := w.reads
	if method != http.MethodGet {
		client = w.writes
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, bare(err)
	}
	defer resp.Body.Close()
	reply := &Reply{Status: resp.StatusCode, Header: resp.Header}
	if resp.StatusCode >= http.StatusMultipleChoices || method != http.MethodGet {
		// What an error says, or a write, is worth its beginning. That it ends early changes nothing.
		reply.Body, _ = io.ReadAll(io.LimitReader(resp.Body, mostError))
		reply.JSON = speaksJSON(resp.Header, reply.Body)
		return reply, nil
	}
	reply.Body, err = io.ReadAll(io.LimitReader(resp.Body, mostBody+1))
	if len(reply.Body) > mostBody {
		return nil, errTooMuch
	}
	if err != nil {
		return nil, bare(err)
	}
	reply.JSON = speaksJSON(resp.Header, reply.Body)
	return reply, nil
}

// bare takes the address out of an error of net/http, which shows more than a reader needs.
func bare(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// Close lets go of kept connections.
func (w *Wire) Close() {
	w.reads.CloseIdleConnections()
	w.writes.CloseIdleConnections()
}
