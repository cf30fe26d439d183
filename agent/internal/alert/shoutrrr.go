package alert

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/url"
	"slices"
	"strings"

	"github.com/nicholas-fedor/shoutrrr/pkg/router"
	"github.com/nicholas-fedor/shoutrrr/pkg/types"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/secrets"
)

// shoutrrr sends by the library of that name, which knows some twenty-five services by the scheme of
// an address.
//
// The library takes no context and quotes addresses in its errors. So a send is made by a goroutine
// that is left behind where it takes too long, a few of them at most, and no error of the library is
// shown as it is.
type shoutrrr struct {
	at    address
	slots chan struct{} // one for each send that has not come back
}

// mostHanging is how many sends to one receiver may hang.
const mostHanging = 4

func newShoutrrr(at address) *shoutrrr {
	return &shoutrrr{at: at, slots: make(chan struct{}, mostHanging)}
}

// notServices are schemes of the library that reach nobody.
var notServices = []string{"logger"}

// send gives the text to the library.
func (s *shoutrrr) send(ctx context.Context, m message) error {
	raw, clean, err := s.at.resolve(ctx)
	if err != nil {
		return err
	}
	scheme, params, err := parametersFor(raw, m)
	if err != nil {
		return flows.Errorf(flows.Invalid, opSend, "%w", err).WithHint("see https://shoutrrr.nickfedor.com for how the service's address is written")
	}
	select {
	case s.slots <- struct{}{}:
	default:
		return flows.Errorf(flows.Unavailable, opSend, "the last %d sends have not come back yet", mostHanging).WithHint("see to the receiver")
	}
	came := make(chan error, 1)
	go func() {
		defer func() { <-s.slots }()
		came <- hand(raw, tame(text(m)), params)
	}()
	select {
	case err = <-came:
	case <-ctx.Done():
		return flows.Errorf(flows.Unavailable, opSend, "%s did not answer in time", scheme).WithHint("see whether the receiver runs; it is tried again")
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errAddress):
		return flows.Errorf(flows.Invalid, opSend, "%s: %s", scheme, clean.clean(err)).
			WithHint("see https://shoutrrr.nickfedor.com for how the service's address is written")
	}
	return flows.Errorf(flows.Unavailable, opSend, "%s: %s", scheme, clean.clean(err)).
		WithHint("see whether the receiver runs, and whether its address and secret are right")
}

// errAddress is wrapped by what is wrong with an address before anything is sent.
var errAddress = errors.New("the address is not understood")

// hand makes one send. A library that panics on an address takes no process with it.
func hand(address secrets.Value, text string, params types.Params) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", errAddress, p)
		}
	}()
	service, err := new(router.ServiceRouter).Locate(address.Reveal())
	if err != nil {
		return fmt.Errorf("%w: %w", errAddress, err)
	}
	return service.Send(text, &params)
}

// parametersFor returns the address's scheme, and what goes with the text. Its errors do not repeat
// the address.
func parametersFor(address secrets.Value, m message) (scheme string, params types.Params, err error) {
	u, err := url.Parse(address.Reveal())
	if err != nil || u.Scheme == "" {
		return "", nil, errors.New("this is not an address of shoutrrr: slack://..., smtp://... is wanted")
	}
	scheme, _, _ = strings.Cut(strings.ToLower(u.Scheme), "+")
	services := new(router.ServiceRouter).ListServices()
	if !slices.Contains(services, scheme) || slices.Contains(notServices, scheme) {
		return "", nil, errors.New("shoutrrr knows no such service")
	}
	params = types.Params{}
	switch scheme {
	case "smtp":
		given := u.Query()
		has := func(keys ...string) bool { return slices.ContainsFunc(keys, given.Has) }
		// A header is ASCII, and one line: the title is one.
		params.SetTitle(mime.QEncoding.Encode("utf-8", title(m)))
		// Unless the address says otherwise, mail that leaves the machine is encrypted on its way.
		if !loopback(u.Hostname()) && !has("requirestarttls", "usestarttls", "starttls", "encryption") {
			params["requirestarttls"] = "yes"
		}
	case "generic":
		params.SetTitle(title(m))
	}
	return scheme, params, nil
}
