package thoropass

import (
	"testing"

	"github.com/usherhq/usher/flows/internal/flowtest"
)

func TestStories(t *testing.T) {
	t.Parallel()
	flowtest.Run(t, App(flowtest.Browser(t)))
}
