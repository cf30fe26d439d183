package scim

import (
	"encoding/json"
	"errors"
)

// mostDepth bounds what is nested in a resource; SCIM's own schemas need four.
const mostDepth = 32

var (
	errDeep  = errors.New("it is nested too deeply")
	errTwice = errors.New("a name stands twice in one JSON object")
)

// A frame is an object or a list that is open.
type frame struct {
	object bool
	naming bool // a name comes next
	few    []string
	many   map[string]struct{}
}

// add remembers a name, and says whether it is new.
func (f *frame) add(name string) bool {
	const most = 24 // beyond, a map is quicker than looking at all
	if f.many != nil {
		_, there := f.many[name]
		f.many[name] = struct{}{}
		return !there
	}
	for _, n := range f.few {
		if n == name {
			return false
		}
	}
	f.few = append(f.few, name)
	if len(f.few) > most {
		f.many = make(map[string]struct{}, 2*most)
		for _, n := range f.few {
			f.many[n] = struct{}{}
		}
	}
	return true
}

// checkForm refuses JSON that is nested too deeply, and objects in which a name stands twice: of two
// answers decoders take the last, and which one is true is not to be guessed. Whether it is JSON at
// all is left to the decoder.
func checkForm(raw []byte) error {
	var open []frame
	for i := 0; i < len(raw); i++ {
		switch raw[i] {
		case '{', '[':
			if len(open) == mostDepth {
				return errDeep
			}
			open = append(open, frame{object: raw[i] == '{', naming: raw[i] == '{'})
		case '}', ']':
			if len(open) > 0 {
				open = open[:len(open)-1]
			}
		case ',':
			if len(open) > 0 {
				open[len(open)-1].naming = open[len(open)-1].object
			}
		case '"':
			end, plain := endOfString(raw, i)
			if len(open) > 0 && open[len(open)-1].naming {
				top := &open[len(open)-1]
				top.naming = false
				if !top.add(nameIn(raw[i:end], plain)) {
					return errTwice
				}
			}
			i = end - 1
		}
	}
	return nil
}

// endOfString returns the index behind the string that begins at i, and whether it has no escapes.
func endOfString(raw []byte, i int) (end int, plain bool) {
	plain = true
	for i++; i < len(raw); i++ {
		switch raw[i] {
		case '\\':
			plain = false
			i++
		case '"':
			return i + 1, plain
		}
	}
	return len(raw), plain
}

func nameIn(quoted []byte, plain bool) string {
	if !plain {
		var s string
		if json.Unmarshal(quoted, &s) == nil {
			return s
		}
	}
	return string(quoted[1:max(len(quoted)-1, 1)])
}
