package scim

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// A pageOf is one answer to a list or a search. What the service does not state is unstated.
type pageOf[T any] struct {
	total, start, size int
	shown              bool // "Resources" is there, maybe empty
	resources          []T
}

// A page holds its resources as they are written.
type page = pageOf[json.RawMessage]

const (
	unstated = -1
	nonsense = -2 // stated, and no count
	// mostPage is how many resources of one page are looked at.
	mostPage = 20_000
)

// decodePage reads a ListResponse.
func decodePage(raw []byte) (*page, error) { return readPage(raw, (*reader).raw) }

var pageNames = []string{"totalResults", "startIndex", "itemsPerPage", "Resources"}

// readPage reads a ListResponse. each reads one resource; its error is one of the whole page.
func readPage[T any](raw []byte, each func(r *reader) (T, error)) (*pageOf[T], error) {
	r := newReader(raw)
	if k := r.dec.PeekKind(); k != jsontext.KindBeginObject && k != jsontext.KindInvalid {
		return nil, fmt.Errorf("no list: it is a %s", kindName(k))
	}
	p := &pageOf[T]{}
	numbers := [...]*int{&p.total, &p.start, &p.size}
	for _, n := range numbers {
		*n = unstated
	}
	var times [4]int
	err := r.members(func(name []byte) error {
		i := indexFold(pageNames, name)
		if i < 0 {
			return r.skip()
		}
		if times[i]++; times[i] > 1 {
			return fmt.Errorf("%s is there twice", pageNames[i])
		}
		if i == len(numbers) {
			return readResources(p, r, each)
		}
		v, err := r.raw()
		*numbers[i] = number(v)
		return err
	})
	if err == nil {
		err = r.end()
	}
	if err != nil {
		return nil, fmt.Errorf("no list: %w", err)
	}
	if times[len(numbers)] == 0 && p.total == unstated {
		return nil, errors.New("no list: neither totalResults nor Resources")
	}
	return p, nil
}

func readResources[T any](p *pageOf[T], r *reader, each func(r *reader) (T, error)) error {
	switch k := r.dec.PeekKind(); k {
	case jsontext.KindNull:
		return r.skip()
	case jsontext.KindBeginArray, jsontext.KindInvalid:
	default:
		return errors.New("the resources are no list: it is a " + kindName(k))
	}
	p.shown = true
	return r.elements(func(i int) error {
		if i == mostPage {
			return fmt.Errorf("a page of more than %d resources", mostPage)
		}
		one, err := each(r)
		p.resources = append(p.resources, one)
		return err
	})
}

// number reads a count, as a number or as a number in quotes; unstated where it is null or empty, nonsense
// where it is anything else.
func number(v json.RawMessage) int {
	s := strings.Trim(string(v), `"`)
	if s == "null" || s == "" {
		return unstated
	}
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil || n < 0 {
		return nonsense
	}
	return int(n)
}
