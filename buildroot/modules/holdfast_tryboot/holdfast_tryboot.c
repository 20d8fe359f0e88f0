// SPDX-License-Identifier: GPL-2.0
/* Asks a Raspberry Pi's firmware for one start of the other slot, if the word of a restart says so: "0 tryboot". */

#include <linux/mod_devicetable.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/of.h>
#include <linux/reboot.h>
#include <linux/string.h>
#include <soc/bcm2835/raspberrypi-firmware.h>

/* Property of the firmware: flags of the next start. Mainline has no name for it. */
#define SET_REBOOT_FLAGS 0x00038064
#define TRYBOOT 1

static struct rpi_firmware *firmware;

static int restarts(struct notifier_block *block, unsigned long action, void *word)
{
	u32 flags = TRYBOOT;
	int error;

	if (action != SYS_RESTART || !word || !strstr(word, " tryboot"))
		return NOTIFY_DONE;
	error = rpi_firmware_property(firmware, SET_REBOOT_FLAGS, &flags, sizeof(flags));
	if (error)
		pr_err("holdfast_tryboot: the firmware does not take the flag: %d\n", error);
	return NOTIFY_OK;
}

static struct notifier_block notifier = { .notifier_call = restarts };

static int __init start(void)
{
	struct device_node *node = of_find_compatible_node(NULL, NULL, "raspberrypi,bcm2835-firmware");
	int error;

	if (!node)
		return -ENODEV;
	firmware = rpi_firmware_get(node);
	of_node_put(node);
	if (!firmware)
		return -EPROBE_DEFER;
	error = register_reboot_notifier(&notifier);
	if (error)
		rpi_firmware_put(firmware);
	return error;
}

static void __exit stop(void)
{
	unregister_reboot_notifier(&notifier);
	rpi_firmware_put(firmware);
}

/* Not a driver of the node, which has one: it says on which machines udev loads this. */
static const struct of_device_id machines[] __maybe_unused = {
	{ .compatible = "raspberrypi,bcm2835-firmware" },
	{ }
};
MODULE_DEVICE_TABLE(of, machines);

module_init(start);
module_exit(stop);
MODULE_DESCRIPTION("One start on trial by a Raspberry Pi's firmware");
MODULE_LICENSE("GPL");
