package thoropass

import (
	"context"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/flows/internal/scim"
)

// viaSCIM is the way for those who hold a SCIM key, which Thoropass' Customer Success Manager gives
// out once SAML is configured. What is known of it stands in
// https://help.thoropass.com/en/articles/9842849-sso-scim-provisioning-configuration-in-thoropass:
// the base URL, that people deactivated in the identity provider are deactivated in Thoropass, and
// that e-mail is what identifies them. Attributes, roles, groups, paging and limits are not.
func viaSCIM(app flows.App) flows.Way {
	return flows.Way{
		Name: flows.ViaSCIM,
		URL:  "https://api.thoropass.com/scim/v2",
		// A role cannot be given: whoever is created has what Thoropass gives by itself.
		Roles:   []string{"default"},
		NoRoles: true,
		Unverified: "Only the base URL, and that deactivated people are deactivated, is documented. Attributes, roles, paging and limits are not known, " +
			"and a leaver's open work is not seen this way.",
		Secrets: []flows.SecretSpec{
			{Name: "token", Title: "SCIM key (from Thoropass' Customer Success Manager)", Once: true},
		},
		Can: []string{"list", "invite", "deactivate", "reactivate", "update", "check"},
		Open: func(ctx context.Context, env flows.Env) (flows.Console, error) {
			c, err := scim.Open(ctx, env, scim.Shape{App: app})
			if err != nil {
				return nil, err
			}
			return c, nil
		},
	}
}
