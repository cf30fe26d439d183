package sandbox

import (
	"net/http"
	"slices"
	"strings"
)

// own says whether a name is that of a group of the product's own.
func (v *Service) own(name string) bool {
	return strings.EqualFold(name, v.Everybody) || strings.EqualFold(name, v.Admins)
}

// groupFrom is the group that a resource describes.
func (s *Server) groupFrom(id string, t tree) (Group, *problem) {
	g := Group{ID: id, Members: []string{}, Resource: tree{}}
	for k, v := range t {
		switch strings.ToLower(k) {
		case "id", "meta", "schemas", "members":
		case "displayname":
			g.Name = strings.TrimSpace(words(t, k))
		default:
			g.Resource[k] = v
		}
	}
	if g.Name == "" {
		return g, badPatch("invalidValue", "a group needs a displayName")
	}
	for _, m := range items(get(t, "members")) {
		one, ok := m.(tree)
		if !ok {
			return g, badPatch("invalidValue", "a member is an object with a value")
		}
		member := words(one, "value")
		if _, ok := s.dir.find(byID(member)); !ok {
			return g, badPatch("invalidValue", "there is no user %q", member)
		}
		if !slices.Contains(g.Members, member) {
			g.Members = append(g.Members, member)
		}
	}
	return g, nil
}

// createGroup makes a group; where there is one of that name already there are two then.
func (s *Server) createGroup(w http.ResponseWriter, r *http.Request) {
	const verb = "group-create"
	t, bad := readTree(r)
	g := Group{ID: newID()}
	if bad == nil {
		g, bad = s.groupFrom(g.ID, t)
	}
	if bad == nil && s.cfg.Service.own(g.Name) {
		bad = ownGroup
	}
	if bad != nil {
		s.denied(w, r, verb, g.Name, bad)
		return
	}
	s.write(w, r, s.service(r, change{verb: verb, subject: g.Name, apply: func() ([]Write, *problem) {
		s.dir.with(func(d *directory) {
			made := g
			d.groups = append(d.groups, &made)
		})
		return []Write{{Verb: verb, Subject: g.Name, ID: g.ID, What: signed("+", g.Members)}}, nil
	}, ok: func(w http.ResponseWriter) int {
		body := s.showGroup(g)
		w.Header().Set("Location", words(branch(body, "meta"), "location"))
		s.scim(w, http.StatusCreated, body)
		return http.StatusCreated
	}}))
}

func (s *Server) putGroup(w http.ResponseWriter, r *http.Request) {
	t, bad := readTree(r)
	if bad != nil {
		s.denied(w, r, "group-update", "", bad)
		return
	}
	s.editGroup(w, r, func(tree) (tree, *problem) { return copyTree(t), nil })
}

func (s *Server) patchGroup(w http.ResponseWriter, r *http.Request) {
	g, _ := s.groupOf(r.PathValue("id"))
	ops, bad := s.operations(r)
	if bad == nil && len(ops) > mostValues {
		bad = badPatch("tooMany", "%d operations, at most %d are taken", len(ops), mostValues)
	}
	if bad != nil {
		s.denied(w, r, "group-update", g.Name, bad)
		return
	}
	removal := func(op patchOp) bool { return strings.EqualFold(op.Op, "remove") }
	if slices.ContainsFunc(ops, removal) {
		if _, hit := s.faults.strike("remove_ignored", nil); hit {
			if ops = slices.DeleteFunc(ops, removal); len(ops) == 0 {
				s.ignored(w, r, "group-members", g.Name, "remove_ignored")
				return
			}
		}
	}
	s.editGroup(w, r, func(t tree) (tree, *problem) { return applyPatch(t, ops, nil) })
}

// editGroup makes what the edit says of a group, as editUser does of a user.
func (s *Server) editGroup(w http.ResponseWriter, r *http.Request, how edit) {
	id := r.PathValue("id")
	g, ok := s.groupOf(id)
	if !ok {
		s.denied(w, r, "group-update", "", noSuchResource)
		return
	}
	_, drop := s.faults.strike("member_dropped", nil)
	next := func(was Group) (Group, []Write, *problem) {
		t, bad := how(groupTree(was))
		if bad != nil {
			return was, nil, bad
		}
		now, bad := s.groupFrom(id, t)
		if bad != nil {
			return was, nil, bad
		}
		if last := len(now.Members) - 1; drop && last >= 0 && !slices.Contains(was.Members, now.Members[last]) {
			now.Members = now.Members[:last]
		}
		writes := groupWrites(was, now)
		if len(writes) > 0 && (s.cfg.Service.own(was.Name) || s.cfg.Service.own(now.Name)) {
			return was, nil, ownGroup
		}
		return now, writes, nil
	}
	_, writes, bad := next(g)
	if bad != nil {
		s.denied(w, r, "group-update", g.Name, bad)
		return
	}
	verb := "group-update"
	if len(writes) > 0 {
		verb = writes[0].Verb
	}
	s.write(w, r, s.service(r, change{verb: verb, subject: g.Name, apply: func() ([]Write, *problem) {
		s.groupEdit.Lock()
		defer s.groupEdit.Unlock()
		was, ok := s.groupOf(id)
		if !ok {
			return nil, noSuchResource
		}
		now, out, bad := next(was)
		if bad != nil {
			return nil, bad
		}
		s.dir.with(func(d *directory) {
			for _, g := range d.groups {
				if g.ID == id {
					*g = now
				}
			}
		})
		return out, nil
	}, ok: noContent}))
}

// groupWrites says which writes lie between two states of a group.
func groupWrites(was, now Group) []Write {
	var out []Write
	if was.Name != now.Name {
		out = append(out, Write{Verb: "group-rename", Subject: was.Name, ID: was.ID, What: []string{now.Name}})
	}
	without := func(a, b []string) []string {
		return slices.DeleteFunc(slices.Clone(a), func(id string) bool { return slices.Contains(b, id) })
	}
	in, gone := without(now.Members, was.Members), without(was.Members, now.Members)
	if len(in)+len(gone) > 0 {
		out = append(out, Write{
			Verb: "group-members", Subject: was.Name, ID: was.ID, What: slices.Concat(signed("+", in), signed("-", gone)),
		})
	}
	if what := changedNames(was.Resource, now.Resource); len(what) > 0 {
		out = append(out, Write{Verb: "group-update", Subject: was.Name, ID: was.ID, What: what})
	}
	return out
}

func signed(sign string, ids []string) []string {
	var out []string
	for _, id := range ids {
		out = append(out, sign+id)
	}
	return out
}

// deleteGroup refuses: the product does not delete teams through the identity provider.
func (s *Server) deleteGroup(w http.ResponseWriter, r *http.Request) {
	g, ok := s.groupOf(r.PathValue("id"))
	why := groupsStay
	if !ok {
		why = noSuchResource
	}
	s.denied(w, r, "group-delete", g.Name, why)
}
