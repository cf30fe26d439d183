package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/usherhq/usher/secrets"
)

// ServeSCIM starts a site that is a service, in place of [Server.Serve]. Beside the SCIM routes under
// Service.Base it serves what the app adds, by mux pattern.
//
//	GET POST          /Users, /Groups         startIndex, count, filter, attributes, excludedAttributes
//	GET PUT PATCH     /Users/{id}, /Groups/{id}
//	DELETE            /Users/{id}             hard: the account is gone
//	DELETE            /Groups/{id}            403: the product does not delete groups this way
//	GET               /ServiceProviderConfig, /ResourceTypes, /Schemas
//
// A PATCH or PUT of a user answers 200 with the user, that of a group 204. Errors are those of RFC 7644.
func (s *Server) ServeSCIM(site string, more map[string]http.Handler) {
	mux := http.NewServeMux()
	base := s.cfg.Service.Base
	on := func(route, class string, h http.HandlerFunc) {
		method, path, _ := strings.Cut(route, " ")
		mux.HandleFunc(method+" "+base+path, s.member(class, h))
	}
	on("GET /Users", "list", s.listUsers)
	on("GET /Users/{id}", "read", s.getUser)
	on("POST /Users", "write", s.createUser)
	on("PUT /Users/{id}", "write", s.putUser)
	on("PATCH /Users/{id}", "write", s.patchUser)
	on("DELETE /Users/{id}", "write", s.deleteUser)
	on("GET /Groups", "list", s.group(s.listGroups))
	on("GET /Groups/{id}", "read", s.group(s.getGroup))
	on("POST /Groups", "write", s.group(s.createGroup))
	on("PUT /Groups/{id}", "write", s.group(s.putGroup))
	on("PATCH /Groups/{id}", "write", s.group(s.patchGroup))
	on("DELETE /Groups/{id}", "write", s.group(s.deleteGroup))
	for path, body := range s.discovery() {
		on("GET /"+path, "read", func(w http.ResponseWriter, _ *http.Request) { s.scim(w, http.StatusOK, body) })
		mux.HandleFunc(base+"/"+path, s.member("read", func(w http.ResponseWriter, _ *http.Request) {
			s.scimRefuse(w, &problem{status: http.StatusMethodNotAllowed, Message: "This can only be read"})
		}))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { s.scimRefuse(w, noSuchResource) })
	for pattern, h := range more {
		mux.Handle(pattern, h)
	}
	s.run(s.sites[site], s.guard(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.wait(r.Context(), s.cfg.Latency) {
			mux.ServeHTTP(w, r)
		}
	})))
}

var (
	noSuchResource = &problem{status: http.StatusNotFound, Message: "There is no such resource"}
	userNameTaken  = &problem{status: http.StatusConflict, scimType: "uniqueness", Message: "A user with this userName already exists"}
	ownGroup       = &problem{status: http.StatusForbidden, Message: "This team is managed by the product and cannot be changed"}
	groupsStay     = &problem{status: http.StatusForbidden, Message: "Deleting a team through the IdP is not supported"}
)

// member lets in who shows the token, and lets the faults of the class strike first.
func (s *Server) member(class string, h http.HandlerFunc) http.HandlerFunc {
	return s.Guarded(class, "Bearer", s.cfg.Service.Token, s.scimError, h)
}

// Guarded is a handler for who shows the token, with the faults of a class of request before it. refuse
// answers what the faults make of a request.
func (s *Server) Guarded(class, scheme string, token secrets.Value, refuse func(w http.ResponseWriter, status int, message string), h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		bad, ok := s.trouble(r, class)
		if !ok {
			return
		}
		shown, isToken := strings.CutPrefix(r.Header.Get("Authorization"), scheme+" ")
		_, refused := s.faults.strike("token_refused", hits(class, "any"))
		switch {
		case refused || !isToken || !secrets.New(shown).Equal(token):
			w.Header().Set("WWW-Authenticate", scheme)
			http.Error(w, "Unauthorized", http.StatusUnauthorized)
			return
		case bad != nil:
			bad.sayWhen(w)
			refuse(w, bad.status, bad.Message)
			return
		}
		if _, html := s.faults.strike("html_200", hits(class, "read")); html {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			s.put(w, `<!doctype html><html lang="en"><head><title>App</title></head><body><div id="root"></div></body></html>`)
			return
		}
		h(w, r)
	}
}

// group answers 404 where the service has no groups.
func (s *Server) group(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if _, none := s.faults.strike("no_groups", nil); none {
			s.scimRefuse(w, noSuchResource)
			return
		}
		h(w, r)
	}
}

func (s *Server) scim(w http.ResponseWriter, status int, body any) {
	s.answerAs(w, "application/scim+json; charset=utf-8", status, body)
}

func (s *Server) scimRefuse(w http.ResponseWriter, p *problem) {
	body := tree{"schemas": []any{messageError}, "status": fmt.Sprint(p.status), "detail": p.Message}
	if p.scimType != "" {
		body["scimType"] = p.scimType
	}
	p.sayWhen(w)
	s.scim(w, p.status, body)
}

func (s *Server) scimError(w http.ResponseWriter, status int, message string) {
	s.scimRefuse(w, &problem{status: status, Message: message})
}

// readTree decodes a resource; attributes that are null are none.
func readTree(r *http.Request) (tree, *problem) {
	var t tree
	if err := json.NewDecoder(r.Body).Decode(&t); err != nil || t == nil {
		return nil, badPatch("invalidSyntax", "the body is not a JSON object")
	}
	for k, v := range t {
		if v == nil {
			delete(t, k)
		}
	}
	return t, nil
}

// readPatch decodes the operations of a PATCH.
func readPatch(r *http.Request) ([]patchOp, *problem) {
	var in struct {
		Schemas    []string  `json:"schemas"`
		Operations []patchOp `json:"Operations"`
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return nil, badPatch("invalidSyntax", "the body is not a PATCH: %v", err)
	}
	if len(in.Schemas) != 1 || !strings.EqualFold(in.Schemas[0], messagePatch) || len(in.Operations) == 0 {
		return nil, badPatch("invalidSyntax", "a PATCH names its schema and has operations")
	}
	return in.Operations, nil
}

// discovery is what the service says of itself, by path.
func (s *Server) discovery() map[string]any {
	can := func(yes bool) tree { return tree{"supported": yes} }
	filter := can(true)
	filter["maxResults"] = s.cfg.PageSize
	page := func(all ...any) tree {
		return tree{"schemas": []any{messageList}, "totalResults": len(all), "startIndex": 1, "itemsPerPage": len(all), "Resources": all}
	}
	kind := func(name, schema string, more ...any) tree {
		return tree{
			"schemas": []any{"urn:ietf:params:scim:schemas:core:2.0:ResourceType"}, "id": name, "name": name,
			"endpoint": "/" + name + "s", "schema": schema, "schemaExtensions": append([]any{}, more...),
		}
	}
	schema := func(id, name string, attributes ...any) tree {
		return tree{"schemas": []any{"urn:ietf:params:scim:schemas:core:2.0:Schema"}, "id": id, "name": name, "attributes": attributes}
	}
	attr := func(name, typ string, several bool) tree {
		return tree{"name": name, "type": typ, "multiValued": several, "mutability": "readWrite", "returned": "default"}
	}
	enterpriseOnes := []any{}
	for _, name := range []string{"employeeNumber", "costCenter", "organization", "division", "department"} {
		enterpriseOnes = append(enterpriseOnes, attr(name, "string", false))
	}
	return map[string]any{
		"ServiceProviderConfig": tree{
			"schemas": []any{"urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"},
			"patch":   can(true), "bulk": can(false), "filter": filter, "changePassword": can(false), "sort": can(false), "etag": can(false),
			"authenticationSchemes": []any{tree{"type": "oauthbearertoken", "name": "Bearer token", "description": "The token of the connection"}},
		},
		"ResourceTypes": page(
			kind("User", coreUser, tree{"schema": enterprise, "required": false}, tree{"schema": s.cfg.Service.Vendor, "required": false}),
			kind("Group", coreGroup)),
		"Schemas": page(
			schema(coreUser, "User", attr("userName", "string", false), attr("externalId", "string", false), attr("name", "complex", false),
				attr("displayName", "string", false), attr("active", "boolean", false), attr("emails", "complex", true), attr("title", "string", false)),
			schema(coreGroup, "Group", attr("displayName", "string", false), attr("members", "complex", true)),
			schema(enterprise, "EnterpriseUser", enterpriseOnes...),
		),
	}
}

// meta is what the server says of a resource of its own.
func (s *Server) meta(kind, id string, since time.Time) tree {
	m := tree{"resourceType": kind, "location": s.URL(s.appSite()) + s.cfg.Service.Base + "/" + kind + "s/" + id}
	if !since.IsZero() {
		m["created"] = since.Format(time.RFC3339)
	}
	return m
}
