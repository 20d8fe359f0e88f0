# Holdfast: which release U-Boot starts. What it reads and writes is in slots.txt; docs/design/slots.md has the rules.
setenv hf_part "${devtype} ${devnum}:${distro_bootpart}"
setenv hf_record ${scriptaddr}
setexpr hf_sum ${hf_record} + 1fc
setexpr hf_again ${hf_record} + 1000
setenv hf_known
setenv hf_lowered
# What the kernel is told stands in its own program; words left here would replace them.
setenv bootargs

# A record is believed with its length and its checksum. The second one is only written when a release has proved itself.
for hf_file in slots.txt slots-good.txt; do
  if test -z "${hf_known}"; then
    setenv good; setenv kept; setenv trial; setenv left; setenv done
    mw.b ${hf_record} 0 200
    if load ${hf_part} ${hf_record} ${hf_file} && test "${filesize}" = 200; then
      crc32 ${hf_record} 1fc ${hf_again}
      if cmp.l ${hf_sum} ${hf_again} 1 && env import -t ${hf_record} 1fc done good kept left trial; then
        setenv hf_known ${hf_file}
      fi
    fi
    if test -z "${hf_known}"; then echo "holdfast: ${hf_file} is missing or damaged"; fi
  fi
done

setenv hf_write 'mw.b ${hf_record} 0 200; env export -t -s 1fc ${hf_record} done good kept left trial; crc32 ${hf_record} 1fc ${hf_sum}; fatwrite ${hf_part} ${hf_record} slots.txt 200 && mw.b ${hf_again} 0 200 && load ${hf_part} ${hf_again} slots.txt && cmp.b ${hf_record} ${hf_again} 200'
setenv hf_tell 'fdt move ${fdt_addr} ${fdt_addr_r} 20000 && fdt set /chosen holdfast,entry "${hf_entry}" && part uuid ${hf_part} hf_uuid && fdt set /chosen holdfast,partition "${hf_uuid}"'
setenv hf_tell_left 'if test -n "${hf_lowered}"; then fdt set /chosen holdfast,left "${left}"; fi'
setenv hf_start 'echo "holdfast: starting ${hf_entry}"; if load ${hf_part} ${ramdisk_addr_r} EFI/Linux/${hf_entry}; then setenv hf_size ${filesize}; run hf_tell; run hf_tell_left; bootefi ${ramdisk_addr_r}:${hf_size} ${fdt_addr_r}; fi; echo "holdfast: ${hf_entry} did not start"'

# A try is counted before it is made. Where that cannot be written, the release on trial is not started.
if test "${hf_known}" = slots.txt && test -n "${trial}" && test -n "${left}" && test ${left} -gt 0; then
  setexpr left ${left} - 1
  setexpr done ${done} + 1
  if run hf_write; then
    setenv hf_lowered yes
    setenv hf_entry ${trial}
    run hf_start
    setenv hf_lowered
  else
    echo "holdfast: the boot partition takes no writes: ${trial} is not tried"
  fi
fi
# The variable of a loop is hidden by one of the environment that has its name.
for hf_next in ${good} ${kept}; do
  setenv hf_entry ${hf_next}
  run hf_start
done

# Nothing can be started: rather the release on trial again, with its tries given back, than nothing at all.
if test "${hf_known}" = slots.txt && test -n "${trial}"; then
  setenv left 3
  setenv done 0
  run hf_write
fi
echo "holdfast: no release on this disk can be started. The next attempt begins in 10 seconds"
sleep 10
reset
