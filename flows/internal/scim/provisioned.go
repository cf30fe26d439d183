package scim

import (
	"fmt"

	"github.com/usherhq/usher/flows"
)

// provisioned says that an identity provider may be writing here, where it looks so: they set an
// externalId on whom they provision, and people who make accounts by hand do not. It is a hint and no
// proof, and says so.
func (c *Console) provisioned(accounts []flows.Account) string {
	n := 0
	for _, a := range accounts {
		if a.Words[flows.WordExternalID] != "" {
			n++
		}
	}
	if n == 0 || 2*n < len(accounts) || c.env.Connection.ReadOnly {
		return ""
	}
	return fmt.Sprintf("%d of %d accounts carry an external id, as identity providers set it: if one provisions %s, set read_only on the connection", n, len(accounts), c.title())
}
