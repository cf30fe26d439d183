package browser

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-rod/rod/lib/proto"
)

// blocked are what a console works without: pictures, fonts, films, and who counts visitors.
// Scripts of bot checks and consent stay, because a console may wait for them.
var blocked = []string{
	"*.png", "*.png?*", "*.jpg", "*.jpg?*", "*.jpeg", "*.jpeg?*", "*.gif", "*.gif?*", "*.webp", "*.webp?*",
	"*.avif", "*.avif?*", "*.ico", "*.ico?*", "*.woff", "*.woff?*", "*.woff2", "*.woff2?*", "*.ttf", "*.ttf?*", "*.otf",
	"*.mp4", "*.mp4?*", "*.webm", "*.mp3", "*.m3u8*",
	"*://*.google-analytics.com/*", "*://*.googletagmanager.com/*", "*://*.doubleclick.net/*", "*://*.segment.io/*",
	"*://cdn.segment.com/*", "*://*.hotjar.com/*", "*://*.fullstory.com/*", "*://*.mixpanel.com/*", "*://*.amplitude.com/*",
	"*://*.heapanalytics.com/*", "*://*.intercom.io/*", "*://*.intercomcdn.com/*", "*://*.pendo.io/*", "*://*.sentry.io/*",
	"*://*.datadoghq.com/*", "*://*.datadoghq-browser-agent.com/*", "*://*.nr-data.net/*", "*://*.clarity.ms/*",
}

// traffic follows the page's own requests: whether it is quiet, what the console answered to a
// write, and what its list responses say of their total.
type traffic struct {
	mu     sync.Mutex
	open   map[proto.NetworkRequestID]*exchange
	last   time.Time // of the last start or end of a request
	begun  time.Time // of the last start
	bad    *exchange // the last 429 or 5xx
	writes []*exchange
	calls  []*exchange // the last requests of the page's scripts
	tap    *regexp.Regexp
	path   string
	totals []int // read from tapped responses
	tapErr string
	taps   sync.WaitGroup
	places map[string]string // page of the sheet -> address at which it was seen
}

// exchange is one request of the page.
type exchange struct {
	method  string
	origin  string
	path    string
	uri     string // path and query: never written down, it may carry a token
	body    string // likewise
	at      time.Time
	status  int
	after   time.Duration // Retry-After
	failure string
	tapped  bool
	doc     bool
}

func newTraffic() *traffic {
	return &traffic{open: map[proto.NetworkRequestID]*exchange{}, last: time.Now(), places: map[string]string{}}
}

func (n *traffic) request(e *proto.NetworkRequestWillBeSent) {
	switch e.Type {
	case proto.NetworkResourceTypeDocument, proto.NetworkResourceTypeXHR, proto.NetworkResourceTypeFetch, proto.NetworkResourceTypeScript, proto.NetworkResourceTypeStylesheet:
	default:
		return // pictures, beacons and sockets say nothing of the page's state
	}
	u, err := url.Parse(e.Request.URL)
	if err != nil {
		return
	}
	x := &exchange{method: e.Request.Method, path: u.Path, origin: u.Scheme + "://" + u.Host, uri: u.RequestURI(), body: e.Request.PostData, at: time.Now(), doc: e.Type == proto.NetworkResourceTypeDocument}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.open[e.RequestID] = x
	if !x.doc && (e.Type == proto.NetworkResourceTypeXHR || e.Type == proto.NetworkResourceTypeFetch) {
		n.calls = append(n.calls, x)
		if len(n.calls) > 200 {
			n.calls = append([]*exchange(nil), n.calls[len(n.calls)-100:]...)
		}
	}
	n.last, n.begun = x.at, x.at
	if x.method != http.MethodGet && x.method != http.MethodHead && x.method != http.MethodOptions {
		n.writes = append(n.writes, x)
	}
	if n.tap != nil && x.method == http.MethodGet && n.tap.MatchString(u.RequestURI()) && !x.doc {
		x.tapped = true
	}
}

func (n *traffic) response(e *proto.NetworkResponseReceived) {
	n.mu.Lock()
	defer n.mu.Unlock()
	x := n.open[e.RequestID]
	if x == nil {
		return
	}
	x.status = e.Response.Status
	if x.status == http.StatusTooManyRequests || x.status >= 500 {
		for k, v := range e.Response.Headers {
			if strings.EqualFold(k, "Retry-After") {
				x.after = retryAfter(v.Str(), time.Now())
			}
		}
		n.bad = x
	}
}

// retryAfter reads both forms: seconds, and a date.
func retryAfter(v string, now time.Time) time.Duration {
	if s, err := strconv.Atoi(strings.TrimSpace(v)); err == nil && s > 0 {
		return time.Duration(min(s, 3600)) * time.Second
	}
	if at, err := http.ParseTime(v); err == nil && at.After(now) {
		return min(at.Sub(now), time.Hour)
	}
	return 0
}

func (n *traffic) finished(t *Tab) func(*proto.NetworkLoadingFinished) {
	return func(e *proto.NetworkLoadingFinished) {
		n.mu.Lock()
		x := n.open[e.RequestID]
		delete(n.open, e.RequestID)
		n.last = time.Now()
		read := x != nil && x.tapped && x.status == http.StatusOK
		path := n.path
		if read {
			n.taps.Add(1)
		}
		n.mu.Unlock()
		if read {
			t.wg.Go(func() {
				defer n.taps.Done()
				n.readTotal(t, e.RequestID, path)
			})
		}
	}
}

// readTotal takes the total out of a list response of the console.
func (n *traffic) readTotal(t *Tab, id proto.NetworkRequestID, path string) {
	ctx, cancel := t.bind(t.ctx, 5*time.Second)
	defer cancel()
	res, err := proto.NetworkGetResponseBody{RequestID: id}.Call(t.page.Context(ctx))
	if err != nil {
		n.fault("a list response could not be read again")
		return
	}
	body := []byte(res.Body)
	if res.Base64Encoded {
		if body, err = base64.StdEncoding.DecodeString(res.Body); err != nil {
			n.fault("a list response is not readable")
			return
		}
	}
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		n.fault("a list response is not JSON")
		return
	}
	for _, key := range strings.Split(path, ".") {
		m, ok := v.(map[string]any)
		if !ok {
			return
		}
		v = m[key]
	}
	f, ok := v.(float64)
	if !ok {
		return // the console says no total here
	}
	n.mu.Lock()
	n.totals = append(n.totals, int(f))
	n.mu.Unlock()
}

func (n *traffic) fault(s string) {
	n.mu.Lock()
	n.tapErr = s
	n.mu.Unlock()
}

func (n *traffic) failed(e *proto.NetworkLoadingFailed) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if x := n.open[e.RequestID]; x != nil {
		x.failure = e.ErrorText
		delete(n.open, e.RequestID)
		n.last = time.Now()
	}
}

// listen begins to read totals out of responses whose address matches.
func (n *traffic) listen(pattern, path string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.totals, n.tapErr, n.tap, n.path = nil, "", nil, path
	if pattern != "" {
		n.tap = regexp.MustCompile(pattern) // checked when the sheet was loaded
	}
}

// heard returns the totals read since listen, once all responses are read.
func (n *traffic) heard() ([]int, string) {
	n.taps.Wait()
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]int(nil), n.totals...), n.tapErr
}

// mark returns the present moment for since.
func (n *traffic) mark() time.Time { return time.Now() }

// since returns the writes that the page sent after the mark, and the last bad answer after it.
func (n *traffic) since(mark time.Time) (writes []exchange, bad *exchange) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, x := range n.writes {
		if !x.at.Before(mark) {
			writes = append(writes, *x)
		}
	}
	if n.bad != nil && !n.bad.at.Before(mark) {
		b := *n.bad
		bad = &b
	}
	return writes, bad
}

// quiet waits until the page has had no request under way for the pause. It gives up, without an
// error, at the bound: a page that polls is never quiet.
func (n *traffic) quiet(ctx context.Context, pause, bound time.Duration) {
	timer := time.NewTimer(bound)
	defer timer.Stop()
	for {
		n.mu.Lock()
		wait := pause - time.Since(n.last)
		if len(n.open) > 0 {
			wait = pause
		}
		n.mu.Unlock()
		if wait <= 0 {
			return
		}
		next := time.NewTimer(min(wait, 20*time.Millisecond))
		select {
		case <-next.C:
		case <-timer.C:
			next.Stop()
			return
		case <-ctx.Done():
			next.Stop()
			return
		}
	}
}

// been remembers where a page of the sheet was, so that it can be opened afresh by its address.
func (n *traffic) been(page, address string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if address != "" {
		n.places[page] = address
	}
}

func (n *traffic) place(page string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.places[page]
}

// asked tells whether a request was begun after the mark.
func (n *traffic) asked(mark time.Time) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.begun.After(mark)
}

// failing returns a request of the page's scripts to one of the origins, begun after the mark, that
// was answered with an error or not at all.
func (n *traffic) failing(mark time.Time, origins []string) *exchange {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, x := range n.calls {
		lost := x.failure != "" && x.failure != "net::ERR_ABORTED" && x.failure != "net::ERR_BLOCKED_BY_CLIENT"
		if !x.at.Before(mark) && slices.Contains(origins, x.origin) && (x.status >= 400 || lost) {
			c := *x
			return &c
		}
	}
	return nil
}

// mentioned tells whether a request begun after the mark carried the text.
func (n *traffic) mentioned(mark time.Time, text string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	text = strings.ToLower(text)
	for _, x := range n.calls {
		if x.at.Before(mark) {
			continue
		}
		for _, in := range []string{x.uri, x.body} {
			plain, err := url.QueryUnescape(in)
			if err != nil {
				plain = in
			}
			if strings.Contains(strings.ToLower(plain), text) || strings.Contains(strings.ToLower(in), text) {
				return true
			}
		}
	}
	return false
}
