package scim

import (
	"errors"
	"net/http"
	"strings"
)

// errRedirect says that a service sends the reader, and with him the token, somewhere else.
var errRedirect = errors.New("it redirects to another address, and the token does not go there")

const mostRedirects = 3

// sameOrigin lets a read be redirected within the scheme, host and port that it was sent to.
func sameOrigin(next *http.Request, via []*http.Request) error {
	first := via[0].URL
	if len(via) > mostRedirects || next.URL.Scheme != first.Scheme || !strings.EqualFold(next.URL.Host, first.Host) || next.URL.User != nil {
		return errRedirect
	}
	return nil
}

// noRedirect leaves the answer to a write as it is: followed, it would become another request.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
