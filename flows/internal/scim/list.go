package scim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// A page is one answer to a list or a search. What the service does not state is unstated.
type page struct {
	total, start, size int
	shown              bool // "Resources" is there, maybe empty
	resources          []json.RawMessage
}

const (
	unstated = -1
	nonsense = -2 // stated, and no count
	// mostPage is how many resources of one page are looked at.
	mostPage = 20_000
)

// decodePage reads a ListResponse.
func decodePage(raw []byte) (*page, error) {
	if err := checkForm(raw); err != nil {
		return nil, err
	}
	var top map[string]json.RawMessage
	if err := json.Unmarshal(bytes.TrimPrefix(raw, []byte("\ufeff")), &top); err != nil {
		return nil, fmt.Errorf("no list: %w", plain(err))
	}
	p := &page{}
	var err error
	if p.total, err = number(top, "totalResults"); err != nil {
		return nil, err
	}
	if p.start, err = number(top, "startIndex"); err != nil {
		return nil, err
	}
	if p.size, err = number(top, "itemsPerPage"); err != nil {
		return nil, err
	}
	v, found, err := field(top, "Resources")
	if err != nil {
		return nil, err
	}
	if !found && p.total == unstated {
		return nil, errors.New("no list: neither totalResults nor Resources")
	}
	if !found || string(v) == "null" {
		return p, nil
	}
	if err := json.Unmarshal(v, &p.resources); err != nil {
		return nil, fmt.Errorf("the resources are no list: %w", plain(err))
	}
	if len(p.resources) > mostPage {
		return nil, fmt.Errorf("a page of %d resources", len(p.resources))
	}
	p.shown = true
	return p, nil
}

// field returns the member of that name in any case; two of them are an error.
func field(top map[string]json.RawMessage, name string) (json.RawMessage, bool, error) {
	var out json.RawMessage
	n := 0
	for k, v := range top {
		if strings.EqualFold(k, name) {
			out = v
			n++
		}
	}
	if n > 1 {
		return nil, false, fmt.Errorf("%s is there %d times", name, n)
	}
	return out, n == 1, nil
}

// number reads a count, as a number or as a number in quotes; unstated where it is absent or null, nonsense
// where it is anything else.
func number(top map[string]json.RawMessage, name string) (int, error) {
	v, found, err := field(top, name)
	if err != nil {
		return 0, err
	}
	s := strings.Trim(string(v), `"`)
	if !found || s == "null" || s == "" {
		return unstated, nil
	}
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil || n < 0 {
		return nonsense, nil //nolint:nilerr // that it is none is the answer
	}
	return int(n), nil
}
