package alert

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/usherhq/usher/flows"
)

// maxAnswer bounds what is read of an answer.
const maxAnswer = 4 << 20

// newClient returns a client that follows no redirect: where it leads to was not agreed upon.
func newClient() *http.Client {
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: 30 * time.Second,
			MaxResponseHeaderBytes: 64 << 10, DisableKeepAlives: true, ForceAttemptHTTP2: true,
		},
	}
}

// ask makes a request and returns the answer's body. Only 2xx is an answer.
func ask(ctx context.Context, client *http.Client, method string, u *url.URL, body []byte, set func(*http.Request), clean *scrubber) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, flows.Errorf(flows.Invalid, opSend, "%s", clean.clean(err)).WithHint("see to the receiver's url")
	}
	req.Header.Set("User-Agent", "usher")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	set(req)
	res, err := client.Do(req)
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err // without the address
		}
		return nil, flows.Errorf(flows.Unavailable, opSend, "%s", clean.clean(err)).WithHint("see whether the receiver runs, and whether its url is right")
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	switch {
	case res.StatusCode >= 500 || res.StatusCode == http.StatusTooManyRequests:
		return nil, flows.Errorf(flows.Unavailable, opSend, "the receiver answered %s", status(res)).WithHint("see to the receiver; it is tried again")
	case res.StatusCode >= 400:
		return nil, flows.Errorf(flows.Invalid, opSend, "the receiver answered %s", status(res)).WithHint("see to the receiver's url and secret")
	case res.StatusCode >= 300:
		return nil, flows.Errorf(flows.Invalid, opSend, "the receiver answered %s, and redirects are not followed", status(res)).
			WithHint("write the address that it leads to as the receiver's url")
	case res.StatusCode < 200:
		return nil, flows.Errorf(flows.Unavailable, opSend, "the receiver answered %s", status(res)).WithHint("see to the receiver")
	case err != nil:
		return nil, flows.Errorf(flows.Unavailable, opSend, "%s", clean.clean(err)).WithHint("see to the receiver; it is tried again")
	}
	return answer, nil
}

// status is the answer's status in our words: the server's could be anything.
func status(res *http.Response) string {
	return flows.Clean(http.StatusText(res.StatusCode) + " (" + res.Status[:min(3, len(res.Status))] + ")")
}
