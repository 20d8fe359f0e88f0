package supervise

import (
	"context"
	"sync"

	"holdfast.dev/engine/internal/await"
	"holdfast.dev/engine/internal/plan"
)

// gate opens when a component is ready. However many wait for it, one
// goroutine asks: a handshake with an API server that is starting is work that
// the start has to wait for.
type gate struct {
	spec plan.Component
	// here says that the component runs in this process, which then watches the
	// gate from the component's start on.
	here bool
	once sync.Once
	open chan struct{}
}

// newGates makes the gate of every component of the plan, by name.
func newGates(p *plan.Plan, components map[string]Component) map[string]*gate {
	gates := map[string]*gate{}
	for _, spec := range p.Components {
		_, here := components[spec.Name]
		gates[spec.Name] = &gate{spec: spec, here: here, open: make(chan struct{})}
	}
	return gates
}

// watch polls what makes the component ready, until it is or ctx ends.
func (g *gate) watch(ctx context.Context, log Log) {
	name := g.spec.Name
	unready := func(c plan.Condition, err error) { log("%s is not ready: %v: %v", name, c, err) }
	g.once.Do(func() {
		go func() {
			if await.All(ctx, g.spec.Ready, unready) != nil {
				return
			}
			if len(g.spec.Ready) > 0 {
				log("%s ready", name)
			}
			close(g.open)
		}()
	})
}

// wait returns when the component is ready, or with why ctx ended.
func (g *gate) wait(ctx context.Context, log Log) error {
	if !g.here {
		g.watch(ctx, log)
	}
	select {
	case <-g.open:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
