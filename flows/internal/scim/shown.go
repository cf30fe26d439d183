package scim

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// A slot is one attribute that is to be a text. The names of SCIM attributes are the same in any case,
// and where there are several of different case the answer is none: which one counts is not to be guessed.
type slot struct {
	text  string
	times int
}

func (s *slot) get() string {
	if s.times != 1 {
		return ""
	}
	return s.text
}

// read takes the value that comes next.
func (s *slot) read(r *reader) error {
	s.times++
	if !r.at(jsontext.KindString) {
		return r.skip()
	}
	var err error
	s.text, err = r.text()
	return err
}

// slots are the texts of one object, beside their names.
type slots struct {
	names []string
	slots [8]slot
	times int // how often the object itself is there
}

func (s *slots) get(name string) string {
	if i := indexOf(s.names, name); s.times == 1 && i >= 0 {
		return s.slots[i].get()
	}
	return ""
}

// read takes the object that comes next; one that is none has nothing in it.
func (s *slots) read(r *reader) error {
	s.times++
	if !r.at(jsontext.KindBeginObject) {
		return r.skip()
	}
	return r.members(func(name []byte) error {
		if i := indexFold(s.names, name); i >= 0 {
			return s.slots[i].read(r)
		}
		return r.skip()
	})
}

func indexOf(names []string, name string) int {
	for i, n := range names {
		if n == name {
			return i
		}
	}
	return -1
}

// indexFold finds a name in any case.
func indexFold(names []string, name []byte) int {
	for i, n := range names {
		if string(name) == n {
			return i
		}
	}
	s := string(name)
	for i, n := range names {
		if strings.EqualFold(s, n) {
			return i
		}
	}
	return -1
}

// An entry is one of a user's emails or roles: a text of its own, or an object.
type entry struct {
	text                 bool
	value, kind, display string
	primary              bool
}

// entries are a list of them. Some services send one alone, without the list.
type entries struct {
	all    []entry
	length int // of the list as it is sent
	times  int
}

func (e *entries) read(r *reader) error {
	e.times++
	e.length = 1
	if !r.at(jsontext.KindBeginArray) {
		return e.one(r)
	}
	e.length = 0
	return r.elements(func(i int) error {
		if e.length++; i >= mostEmails {
			return r.skip()
		}
		return e.one(r)
	})
}

var entryNames = []string{"value", "type", "display", "primary"}

func (e *entries) one(r *reader) error {
	switch {
	case r.at(jsontext.KindString):
		s, err := r.text()
		e.all = append(e.all, entry{text: true, value: s})
		return err
	case !r.at(jsontext.KindBeginObject):
		return r.skip()
	}
	var texts [3]slot
	primary, times := false, 0
	err := r.members(func(name []byte) error {
		switch i := indexFold(entryNames, name); i {
		case -1:
			return r.skip()
		case len(texts):
			primary = r.at(jsontext.KindTrue)
			times++
			return r.skip()
		default:
			return texts[i].read(r)
		}
	})
	e.all = append(e.all, entry{value: texts[0].get(), kind: texts[1].get(), display: texts[2].get(), primary: primary && times == 1})
	return err
}

// A shown is what usher reads of a user, as it stands there.
type shown struct {
	none       string // what it is, where it is no object
	top        slots
	name       slots
	enterprise slots
	emails     entries
	roles      entries
	active     any
	actives    int // how often "active" is there
}

var (
	topNames        = []string{"id", "userName", "displayName", "externalId"}
	nameNames       = []string{"givenName", "familyName", "formatted"}
	enterpriseNames = []string{"employeeNumber", "costCenter", "organization", "division", "department"}
	otherNames      = []string{"active", "name", "emails", "roles", schemaEnterprise}
)

// read takes the value that comes next. Its error says that there is no going on; whether it is a user
// that can be used is asked later.
func (s *shown) read(r *reader) error {
	s.top = slots{names: topNames, times: 1}
	s.name.names, s.enterprise.names = nameNames, enterpriseNames
	if k := r.dec.PeekKind(); k != jsontext.KindBeginObject {
		s.none = kindName(k)
		return r.skip()
	}
	return r.members(func(name []byte) (err error) {
		if i := indexFold(topNames, name); i >= 0 {
			return s.top.slots[i].read(r)
		}
		switch indexFold(otherNames, name) {
		case 0:
			s.actives++
			s.active, err = r.value()
		case 1:
			err = s.name.read(r)
		case 2:
			err = s.emails.read(r)
		case 3:
			err = s.roles.read(r)
		case 4:
			err = s.enterprise.read(r)
		default:
			err = r.skip()
		}
		return err
	})
}

// at returns the text at a path.
func (s *shown) at(p path) string {
	switch p.within {
	case "":
		return s.top.get(p.name)
	case "name":
		return s.name.get(p.name)
	case schemaEnterprise:
		return s.enterprise.get(p.name)
	}
	return ""
}
