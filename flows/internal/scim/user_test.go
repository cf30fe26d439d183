package scim

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/usherhq/usher/flows"
)

func TestAUserIsReadTolerantlyAndNotGuessed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, raw string
		want      flows.Account // without Words
		words     map[string]string
	}{
		{"plain", `{"id":"1","userName":"Ana@example.com","displayName":"Ana","active":true}`,
			flows.Account{ID: "1", Email: "Ana@example.com", Name: "Ana", State: flows.Active}, map[string]string{"status": "active: true", "user_name": "Ana@example.com"}},
		{"names in another case", `{"ID":"1","USERNAME":"a@example.com","Active":"False","name":{"GivenName":"A","familyname":"B"}}`,
			flows.Account{ID: "1", Email: "a@example.com", Name: "A B", State: flows.Deactivated}, map[string]string{"first": "A", "last": "B"}},
		{"no active", `{"id":"1","userName":"a@example.com"}`, flows.Account{ID: "1", Email: "a@example.com", State: flows.Unknown}, map[string]string{"status": "active is not shown"}},
		{"active twice in two cases", `{"id":"1","userName":"a@example.com","active":true,"Active":false}`, flows.Account{ID: "1", Email: "a@example.com", State: flows.Unknown}, nil},
		{"active as a list", `{"id":"1","userName":"a@example.com","active":[{"value":"False"}]}`, flows.Account{ID: "1", Email: "a@example.com", State: flows.Unknown}, nil},
		{"active as a number", `{"id":"1","userName":"a@example.com","active":0}`, flows.Account{ID: "1", Email: "a@example.com", State: flows.Unknown}, nil},
		{"a name and a primary email", `{"id":"1","userName":"ana","active":true,"emails":[{"value":"b@example.com"},{"value":"a@example.com","primary":true}]}`,
			flows.Account{ID: "1", Email: "a@example.com", State: flows.Active}, map[string]string{"user_name": "ana"}},
		{"a name and the only email, as text", `{"id":"1","userName":"ana","active":true,"emails":"a@example.com"}`, flows.Account{ID: "1", Email: "a@example.com", State: flows.Active}, nil},
		{"emails with null in them", `{"id":"1","userName":"ana","active":true,"emails":[null,"a@example.com",3]}`, flows.Account{ID: "1", Email: "a@example.com", State: flows.Active}, nil},
		{"a name and two emails", `{"id":"1","userName":"ana","emails":["a@example.com","b@example.com"]}`, flows.Account{ID: "1", Email: "ana", State: flows.Unknown}, nil},
		{"another primary email", `{"id":"1","userName":"a@example.com","active":true,"emails":[{"value":"b@example.com","primary":true}]}`,
			flows.Account{ID: "1", Email: "a@example.com", State: flows.Active}, map[string]string{"email": "b@example.com"}},
		{"the enterprise", `{"id":"1","userName":"a@example.com","active":true,"externalId":"x-7","` + schemaEnterprise + `":{"department":"Sales","employeeNumber":"701"}}`,
			flows.Account{ID: "1", Email: "a@example.com", State: flows.Active}, map[string]string{"department": "Sales", "employee_number": "701", "external_id": "x-7"}},
		{"roles", `{"id":"1","userName":"a@example.com","active":true,"roles":[{"value":"adm","display":"Admin"},"viewer"]}`,
			flows.Account{ID: "1", Email: "a@example.com", State: flows.Active}, map[string]string{"role": "Admin, viewer"}},
		{"escapes", `{"id":"1","userName":"a@example.com","active":true,"displayName":"A\u001b[31m\u202eB"}`, flows.Account{ID: "1", Email: "a@example.com", Name: "A[31mB", State: flows.Active}, nil},
	} {
		u, err := decodeUser([]byte(c.raw))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		got := u.account
		for k, v := range c.words {
			if got.Words[k] != v {
				t.Errorf("%s: %s is %q, want %q (%v)", c.name, k, got.Words[k], v, slices.Sorted(maps.Keys(got.Words)))
			}
		}
		got.Words = nil
		if got.ID != c.want.ID || got.Email != c.want.Email || got.Name != c.want.Name || got.State != c.want.State || got.Roles != nil {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestAUserWhomNobodyCouldNameIsAnError(t *testing.T) {
	t.Parallel()
	for name, raw := range map[string]string{
		"no id": `{"userName":"a@example.com"}`, "an empty id": `{"id":"","userName":"a@example.com"}`, "a number as id": `{"id":7,"userName":"a@example.com"}`,
		"an id with a control": `{"id":"1\n2","userName":"a@example.com"}`, "null": `null`, "a list": `[]`, "nothing": ``, "more behind": `{"id":"1","userName":"a@example.com"} {}`,
		"nobody": `{"id":"1"}`, "two ids": `{"id":"1","id":"2","userName":"a@example.com"}`, "two ids, one escaped": `{"id":"1","\u0069d":"2","userName":"a@example.com"}`,
		"too deep": `{"id":"1","userName":"a@example.com","x":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`,
		"too many": `{"id":"1","userName":"a@example.com","emails":[` + strings.TrimSuffix(strings.Repeat(`"a@example.com",`, 300), ",") + `]}`,
	} {
		if u, err := decodeUser([]byte(raw)); err == nil {
			t.Errorf("%s: %+v", name, u.account)
		}
	}
}

func TestWhatIsUnknownGoesBackAsItCame(t *testing.T) {
	t.Parallel()
	u, err := decodeUser([]byte(`{"id":"1","userName":"a@example.com","Active":true,"big":12345678901234567890.10,"custom":{"deep":[1,{"x":null}]}}`))
	if err != nil {
		t.Fatal(err)
	}
	body := u.raw.clone()
	body.set("active", false)
	if b, err := jsonText(body); err != nil || b != `{"Active":false,"big":12345678901234567890.10,"custom":{"deep":[1,{"x":null}]},"id":"1","userName":"a@example.com"}` {
		t.Errorf("%s %v", b, err)
	}
}
