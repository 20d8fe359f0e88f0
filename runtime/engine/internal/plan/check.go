package plan

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
)

const (
	maxStopTimeoutSeconds = 600
	minMemoryLimitMiB     = 64
)

func (p *Plan) check(known func(string) bool) error {
	if p.Version != Version {
		return fmt.Errorf("version: is %d, this engine understands %d", p.Version, Version)
	}
	if p.StopTimeoutSeconds < 0 || p.StopTimeoutSeconds > maxStopTimeoutSeconds {
		return fmt.Errorf("stop_timeout_seconds: %d is not within 0 to %d", p.StopTimeoutSeconds, maxStopTimeoutSeconds)
	}
	if err := p.GC.check(); err != nil {
		return fmt.Errorf("gc.%w", err)
	}
	if len(p.Components) == 0 {
		return errors.New("components: none given")
	}
	earlier := map[string]bool{}
	for i, c := range p.Components {
		where := fmt.Sprintf("components[%d] (%s)", i, c.Name)
		if !known(c.Name) {
			return fmt.Errorf("components[%d].name: %q is no component of this engine", i, c.Name)
		}
		if earlier[c.Name] {
			return fmt.Errorf("%s: listed twice", where)
		}
		if err := checkAll(c.After, earlier); err != nil {
			return fmt.Errorf("%s.after%w", where, err)
		}
		if err := checkAll(c.Ready, nil); err != nil {
			return fmt.Errorf("%s.ready%w", where, err)
		}
		earlier[c.Name] = true
	}
	return nil
}

func (g GC) check() error {
	if g.Percent != nil && *g.Percent != -1 && *g.Percent < 1 {
		return fmt.Errorf("percent: %d is neither -1 nor positive", *g.Percent)
	}
	if g.MemoryLimitMiB != nil && *g.MemoryLimitMiB < minMemoryLimitMiB {
		return fmt.Errorf("memory_limit_mib: %d is below %d", *g.MemoryLimitMiB, minMemoryLimitMiB)
	}
	if g.Percent != nil && *g.Percent == -1 && g.MemoryLimitMiB == nil {
		return errors.New("percent: -1 needs memory_limit_mib, or memory would grow without end")
	}
	if g.GiveBackSeconds < 0 {
		return fmt.Errorf("give_back_seconds: %d is negative", g.GiveBackSeconds)
	}
	if g.SettledPercent != nil && *g.SettledPercent < 1 {
		return fmt.Errorf("settled_percent: %d is not positive", *g.SettledPercent)
	}
	if g.SettledPercent != nil && g.GiveBackSeconds == 0 {
		return errors.New("settled_percent: needs give_back_seconds, or it would never be in force")
	}
	return nil
}

func checkAll(conditions []Condition, earlier map[string]bool) error {
	for i, c := range conditions {
		if err := c.check(earlier); err != nil {
			return fmt.Errorf("[%d]: %w", i, err)
		}
	}
	return nil
}

func (c Condition) check(earlier map[string]bool) error {
	set := 0
	for _, kind := range c.kinds() {
		if kind.value != "" {
			set++
		}
	}
	if set != 1 {
		return fmt.Errorf("must have exactly one of unix, tcp, file, https, component; has %d", set)
	}
	if c.HTTPS == "" && (c.CA != "" || c.Cert != "" || c.Key != "") {
		return errors.New("ca, cert and key belong to https only")
	}
	switch {
	case c.Unix != "" && !filepath.IsAbs(c.Unix):
		return fmt.Errorf("unix: %q is not an absolute path", c.Unix)
	case c.File != "" && !filepath.IsAbs(c.File):
		return fmt.Errorf("file: %q is not an absolute path", c.File)
	case c.Component != "" && !earlier[c.Component]:
		return fmt.Errorf("component: %q is not listed earlier in the plan, or stands in ready", c.Component)
	case c.TCP != "":
		if _, _, err := net.SplitHostPort(c.TCP); err != nil {
			return fmt.Errorf("tcp: %w", err)
		}
	case c.HTTPS != "":
		return c.checkHTTPS()
	}
	return nil
}

func (c Condition) checkHTTPS() error {
	target, err := url.Parse(c.HTTPS)
	if err != nil {
		return fmt.Errorf("https: %w", err)
	}
	if target.Scheme != "https" || target.Host == "" {
		return fmt.Errorf("https: %q is no https:// URL", c.HTTPS)
	}
	if c.CA == "" {
		return errors.New("ca: missing; the server's certificate is always checked")
	}
	if (c.Cert == "") != (c.Key == "") {
		return errors.New("cert and key: give both or neither")
	}
	return nil
}
