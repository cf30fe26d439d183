package sandbox

import (
	"net/http"
	"slices"
	"strings"

	"github.com/usherhq/usher/flows"
)

// An edit makes the next resource of one; it does not change what it is given.
type edit func(tree) (tree, *problem)

// service answers a change as SCIM does. A write that is lost is cut off before any of its answer.
func (s *Server) service(r *http.Request, c change) change {
	c.method, c.refuse = r.Method, s.scimRefuse
	c.refusal = problem{status: http.StatusForbidden}
	c.lose = func(http.ResponseWriter) { panic(http.ErrAbortHandler) } // net/http's way to cut the connection
	return c
}

// denied answers a write that cannot be, and logs that it was asked for.
func (s *Server) denied(w http.ResponseWriter, r *http.Request, verb, subject string, why *problem) {
	s.log.asked(Request{
		At: s.cfg.Now().UTC(), Method: r.Method, Verb: verb, Subject: subject, By: s.cfg.Admin.Email, Status: why.status,
	})
	s.scimRefuse(w, why)
}

// ignored answers 204 to a write that a fault passes over, and logs that it was asked for.
func (s *Server) ignored(w http.ResponseWriter, r *http.Request, verb, subject, fault string) {
	s.log.asked(Request{
		At: s.cfg.Now().UTC(), Method: r.Method, Verb: verb, Subject: subject, By: s.cfg.Admin.Email,
		Status: http.StatusNoContent, Fault: fault,
	})
	w.WriteHeader(http.StatusNoContent)
}

// settled says what is wrong with a user's resource, and takes out what the server alone says.
func (s *Server) settled(t tree, activeIsText bool) (tree, *problem) {
	out := tree{}
	for k, v := range t {
		switch strings.ToLower(k) {
		case "id", "meta", "password", "groups":
			continue
		case "active":
			text, isText := v.(string)
			yes, isBool := v.(bool)
			switch {
			case isText && strings.EqualFold(text, "true"):
				yes = true
			case isText && strings.EqualFold(text, "false"):
			case !isBool, activeIsText:
				return nil, badPatch("invalidValue", "active is not what this service takes: %v", v)
			}
			v = yes
		}
		out[k] = v
	}
	if key := keyOf(out, "active"); out[key] == nil {
		out[key] = true
	}
	if strings.TrimSpace(words(out, "userName")) == "" {
		return nil, badPatch("invalidValue", "a user needs a userName")
	}
	return out, nil
}

func (s *Server) createUser(w http.ResponseWriter, r *http.Request) {
	const verb = "invite"
	t, bad := readTree(r)
	if bad == nil {
		_, asText := s.faults.strike("active_strings", nil)
		t, bad = s.settled(t, asText)
	}
	if bad != nil {
		s.denied(w, r, verb, "", bad)
		return
	}
	if urn := s.cfg.Service.Vendor; urn != "" {
		t[urn] = tree{"seat": "full"}
		addSchema(t, urn)
	}
	if _, hit := s.faults.strike("inactive_on_create", nil); hit {
		t[keyOf(t, "active")] = false
	}
	p := Person{ID: newID(), Workspaces: 1, since: s.cfg.Now().UTC()}
	settle(&p, t)
	f, conflict := s.faults.strike("conflict_on_create", nil)
	s.write(w, r, s.service(r, change{verb: verb, subject: p.Email, apply: func() (out []Write, bad *problem) {
		if conflict && f.number("applied", 0) == 0 {
			return nil, userNameTaken
		}
		s.dir.with(func(d *directory) {
			if slices.ContainsFunc(d.people, byEmail(p.Email)) {
				bad = userNameTaken
				return
			}
			made := clone(&p)
			d.people = append(d.people, &made)
			out = []Write{{Verb: verb, Subject: p.Email, ID: p.ID}}
		})
		return out, bad
	}, ok: func(w http.ResponseWriter) int {
		if conflict {
			s.scimRefuse(w, userNameTaken)
			return http.StatusConflict
		}
		body := s.showUser(p, false)
		if _, hit := s.faults.strike("no_id_on_create", nil); hit {
			delete(body, "id")
			delete(body, "meta")
		} else {
			w.Header().Set("Location", words(branch(body, "meta"), "location"))
		}
		s.scim(w, http.StatusCreated, body)
		return http.StatusCreated
	}}))
}

func (s *Server) putUser(w http.ResponseWriter, r *http.Request) {
	t, bad := readTree(r)
	if bad != nil {
		s.denied(w, r, "update", s.subject(r), bad)
		return
	}
	s.editUser(w, r, func(tree) (tree, *problem) { return copyTree(t), nil })
}

func (s *Server) patchUser(w http.ResponseWriter, r *http.Request) {
	ops, bad := s.operations(r)
	if bad != nil {
		s.denied(w, r, "update", s.subject(r), bad)
		return
	}
	if slices.ContainsFunc(ops, func(op patchOp) bool { return op.Path != "" }) {
		if _, hit := s.faults.strike("path_patch_ignored", nil); hit {
			s.ignored(w, r, "update", s.subject(r), "path_patch_ignored")
			return
		}
	}
	s.editUser(w, r, func(t tree) (tree, *problem) {
		return applyPatch(t, ops, []string{enterprise, s.cfg.Service.Vendor})
	})
}

// operations reads a PATCH, where the service takes one.
func (s *Server) operations(r *http.Request) ([]patchOp, *problem) {
	if _, hit := s.faults.strike("no_patch", nil); hit {
		return nil, &problem{status: http.StatusMethodNotAllowed, Message: "PATCH is not supported"}
	}
	return readPatch(r)
}

func (s *Server) subject(r *http.Request) string {
	p, _ := s.dir.find(byID(r.PathValue("id")))
	return p.Email
}

// editUser makes what the edit says of a user. What it would come to is worked out before, as the
// faults ask for the verb, and again under the lock.
func (s *Server) editUser(w http.ResponseWriter, r *http.Request, how edit) {
	id := r.PathValue("id")
	p, ok := s.dir.find(byID(id))
	if !ok {
		s.denied(w, r, "update", "", noSuchResource)
		return
	}
	_, asText := s.faults.strike("active_strings", nil)
	deaf, isDeaf := s.faults.strike("attribute_ignored", nil)
	next := func(was Person) (Person, []Write, *problem) {
		now := clone(&was)
		t := was.Resource
		if asText {
			t = s.showUser(was, true)
		}
		t, bad := how(t)
		if bad == nil {
			t, bad = s.settled(t, asText)
		}
		if bad != nil {
			return now, nil, bad
		}
		if isDeaf {
			keepOld(t, was.Resource, deaf.text("attribute", ""))
		}
		settle(&now, t)
		return now, userWrites(was, now), nil
	}
	after, writes, bad := next(p)
	if bad != nil {
		s.denied(w, r, "update", p.Email, bad)
		return
	}
	verb := "update"
	if len(writes) > 0 {
		verb = writes[0].Verb
	}
	s.write(w, r, s.service(r, change{verb: verb, subject: p.Email, apply: func() (out []Write, bad *problem) {
		s.dir.with(func(d *directory) {
			i := slices.IndexFunc(d.people, byID(id))
			if i < 0 {
				bad = noSuchResource
				return
			}
			if after, out, bad = next(*d.people[i]); bad != nil {
				return
			}
			taken := func(other *Person) bool { return other.ID != id && !other.twin && byEmail(after.Email)(other) }
			if !flows.SameAddress(after.Email, p.Email) && slices.ContainsFunc(d.people, taken) {
				out, bad = nil, userNameTaken
				return
			}
			now := after
			d.people[i] = &now
		})
		return out, bad
	}, ok: func(w http.ResponseWriter) int {
		s.scim(w, http.StatusOK, s.showUser(after, asText))
		return http.StatusOK
	}}))
}

// keepOld puts an attribute back as it was, in the resource or in its extensions.
func keepOld(t, was tree, name string) {
	for k := range t {
		if inner, ok := t[k].(tree); ok && strings.HasPrefix(k, "urn:") {
			keepOld(inner, branch(was, k), name)
		}
	}
	if old := get(was, name); old != nil {
		t[keyOf(t, name)] = old
	} else {
		delete(t, keyOf(t, name))
	}
}

// userWrites says which writes lie between two states of an account.
func userWrites(was, now Person) []Write {
	var out []Write
	if was.State != now.State {
		verb := "reactivate"
		if now.State == flows.Deactivated {
			verb = "deactivate"
		}
		out = append(out, Write{Verb: verb, Subject: was.Email, ID: was.ID})
	}
	what := changedNames(was.Resource, now.Resource)
	what = slices.DeleteFunc(what, func(name string) bool { return strings.EqualFold(name, "active") || name == "schemas" })
	if len(what) > 0 {
		out = append(out, Write{Verb: "update", Subject: was.Email, ID: was.ID, What: what})
	}
	return out
}

func (s *Server) deleteUser(w http.ResponseWriter, r *http.Request) {
	const verb = "delete"
	id := r.PathValue("id")
	p, ok := s.dir.find(byID(id))
	if !ok {
		s.denied(w, r, verb, "", noSuchResource)
		return
	}
	s.write(w, r, s.service(r, change{verb: verb, subject: p.Email, apply: func() (out []Write, bad *problem) {
		bad = noSuchResource
		s.dir.with(func(d *directory) {
			if i := slices.IndexFunc(d.people, byID(id)); i >= 0 {
				d.people = slices.Delete(d.people, i, i+1)
				d.forget(id)
				out, bad = []Write{{Verb: verb, Subject: p.Email, ID: id}}, nil
			}
		})
		return out, bad
	}, ok: noContent}))
}

func noContent(w http.ResponseWriter) int {
	w.WriteHeader(http.StatusNoContent)
	return http.StatusNoContent
}
