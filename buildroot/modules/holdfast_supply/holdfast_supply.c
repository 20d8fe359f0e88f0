// SPDX-License-Identifier: GPL-2.0
/* What a Raspberry Pi's firmware says of its supply and its speed, as a file: throttled. Whoever reads it asks the firmware. */

#include <linux/device.h>
#include <linux/mod_devicetable.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/sysfs.h>
#include <soc/bcm2835/raspberrypi-firmware.h>

static ssize_t throttled_show(struct device *device, struct device_attribute *attribute, char *text)
{
	struct rpi_firmware *firmware = dev_get_drvdata(device->parent);
	/* Goes out as those of the firmware's marks that it is to forget: none. */
	u32 flags = 0;
	int error = rpi_firmware_property(firmware, RPI_FIRMWARE_GET_THROTTLED, &flags, sizeof(flags));

	return error ? error : sysfs_emit(text, "0x%x\n", flags);
}
static DEVICE_ATTR_RO(throttled);

static struct attribute *throttled_attrs[] = { &dev_attr_throttled.attr, NULL };
ATTRIBUTE_GROUPS(throttled);

static int probe(struct platform_device *device)
{
	return dev_get_drvdata(device->dev.parent) ? 0 : -ENODEV;
}

/* The firmware's driver makes this device where the firmware answers; Debian's kernel has no driver for it. */
static const struct platform_device_id devices[] = {
	{ "raspberrypi-hwmon" },
	{ }
};
MODULE_DEVICE_TABLE(platform, devices);

static struct platform_driver supply = {
	.probe = probe,
	.id_table = devices,
	.driver = {
		.name = "holdfast_supply",
		.dev_groups = throttled_groups,
	},
};
module_platform_driver(supply);

MODULE_DESCRIPTION("Supply and speed as a Raspberry Pi's firmware tells them");
MODULE_LICENSE("GPL");
